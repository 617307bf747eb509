import { QuorateError } from "../errors.ts";

/** Labelled grey images. */
export interface Dataset {
  /** `count` images one after the other, `rows × columns` bytes each, 0 … 255. */
  readonly images: Uint8Array;
  /** `count` classes, counted from 0. */
  readonly labels: Uint8Array;
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** Version of the file format; the file is these 8 bytes, then an IDX image file, then an IDX label file. */
const MAGIC = new TextEncoder().encode("QRDATA01");

// The IDX format, http://yann.lecun.com/exdb/mnist: big-endian; 0x08 = unsigned bytes, then the number of dimensions.
const IDX_IMAGES = 0x00000803;
const IDX_LABELS = 0x00000801;
const IMAGE_HEADER_BYTES = 16;
const LABEL_HEADER_BYTES = 8;

/** Canonical bytes of a data set, as pinned on IPFS: equal data sets have equal bytes. */
export function encodeDataset(dataset: Dataset): Uint8Array {
  assertDataset(dataset);
  const { images, labels, count, rows, columns } = dataset;
  const bytes = new Uint8Array(
    MAGIC.length + IMAGE_HEADER_BYTES + images.length + LABEL_HEADER_BYTES + labels.length,
  );
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  [IDX_IMAGES, count, rows, columns].forEach((word, i) => {
    view.setUint32(MAGIC.length + 4 * i, word);
  });
  const labelsAt = MAGIC.length + IMAGE_HEADER_BYTES + images.length;
  bytes.set(images, MAGIC.length + IMAGE_HEADER_BYTES);
  view.setUint32(labelsAt, IDX_LABELS);
  view.setUint32(labelsAt + 4, count);
  bytes.set(labels, labelsAt + LABEL_HEADER_BYTES);
  return bytes;
}

/**
 * Reads a data set file.
 * @throws QuorateError LEARNING_DATASET if the bytes are not exactly one data set
 */
export function parseDataset(bytes: Uint8Array): Dataset {
  if (!MAGIC.every((byte, i) => byte === bytes[i])) {
    throw invalid("it does not start with QRDATA01", { start: bytes.slice(0, MAGIC.length) });
  }
  const body = bytes.subarray(MAGIC.length);
  const { count, rows, columns } = readImageHeader(body);
  const labelsAt = IMAGE_HEADER_BYTES + count * rows * columns;
  const expected = labelsAt + LABEL_HEADER_BYTES + count;
  if (body.length !== expected) {
    throw invalid(`it has ${body.length} bytes of data, its header announces ${expected}`, {
      actual: body.length,
      expected,
    });
  }
  return {
    images: body.slice(IMAGE_HEADER_BYTES, labelsAt),
    labels: parseIdxLabels(body.subarray(labelsAt), count),
    count,
    rows,
    columns,
  };
}

/**
 * Joins an IDX image file and its IDX label file.
 * @throws QuorateError LEARNING_DATASET if either is malformed or their counts differ
 */
export function parseIdx(imageFile: Uint8Array, labelFile: Uint8Array): Dataset {
  const { count, rows, columns } = readImageHeader(imageFile);
  const images = imageFile.slice(IMAGE_HEADER_BYTES);
  const dataset = { images, labels: parseIdxLabels(labelFile, count), count, rows, columns };
  assertDataset(dataset);
  return dataset;
}

/** The samples at `indices`, in that order, with their own labels or the ones given. */
export function selectSamples(dataset: Dataset, indices: Uint32Array, labels?: Uint8Array): Dataset {
  const features = dataset.rows * dataset.columns;
  const images = new Uint8Array(indices.length * features);
  indices.forEach((index, i) => {
    if (index >= dataset.count) throw invalid(`it has no sample ${index}`, { index, count: dataset.count });
    images.set(dataset.images.subarray(index * features, (index + 1) * features), i * features);
  });
  const selected = labels ?? Uint8Array.from(indices, (index) => dataset.labels[index] as number);
  const result = { ...dataset, images, labels: selected, count: indices.length };
  assertDataset(result);
  return result;
}

/**
 * Checks that the parts of a data set fit together.
 * @throws QuorateError LEARNING_DATASET
 */
export function assertDataset(dataset: Dataset): void {
  const { images, labels, count, rows, columns } = dataset;
  if (images.length !== count * rows * columns || labels.length !== count) {
    throw invalid(
      `${images.length} pixels and ${labels.length} labels are not ${count} images of ${rows} × ${columns}`,
      {
        pixels: images.length,
        labels: labels.length,
        count,
        rows,
        columns,
      },
    );
  }
}

function readImageHeader(bytes: Uint8Array): { count: number; rows: number; columns: number } {
  if (bytes.length < IMAGE_HEADER_BYTES)
    throw invalid("its image header is cut off", { actual: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, IMAGE_HEADER_BYTES);
  if (view.getUint32(0) !== IDX_IMAGES)
    throw invalid("it holds no IDX images of bytes", { magic: view.getUint32(0) });
  const [count, rows, columns] = [view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  if (count === 0 || rows === 0 || columns === 0) throw invalid("it is empty", { count, rows, columns });
  return { count, rows, columns };
}

function parseIdxLabels(bytes: Uint8Array, count: number): Uint8Array {
  if (bytes.length !== LABEL_HEADER_BYTES + count) {
    throw invalid(`its label file has ${bytes.length} bytes, not ${LABEL_HEADER_BYTES + count}`, {
      actual: bytes.length,
      expected: LABEL_HEADER_BYTES + count,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, LABEL_HEADER_BYTES);
  if (view.getUint32(0) !== IDX_LABELS || view.getUint32(4) !== count) {
    throw invalid(`it has no IDX labels for ${count} images`, {
      magic: view.getUint32(0),
      labels: view.getUint32(4),
    });
  }
  return bytes.slice(LABEL_HEADER_BYTES);
}

function invalid(what: string, details: Record<string, unknown>): QuorateError {
  return new QuorateError("LEARNING_DATASET", `not a usable data set: ${what}`, details);
}

/** Names the aggregation kernels. They equal the reference bit for bit, so nodes need not run the same ones. */
export const AGGREGATION_KERNEL_VERSION = "tiles-2";

/** SHA-256 of kernels.wasm as the pinned compiler builds it; the loader refuses any other. */
export const AGGREGATION_KERNEL_SHA256 = "d74f781fd5bb015a28f822cdfebb08776203169dc43c36af466be6704f8473eb";

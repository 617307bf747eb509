/** Names the kernels in task files: nodes that vote together must compute with the same ones. */
export const KERNEL_VERSION = "dense-1";

/** SHA-256 of kernels.wasm as the pinned compiler builds it; the loader refuses any other. */
export const KERNEL_SHA256 = "d71dd23208127586caa5092f6fc3671e438aad12f18a4583fb5df7ebc1dc55fe";

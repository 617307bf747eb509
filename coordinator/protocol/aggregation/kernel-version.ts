/** Names the aggregation kernels. They equal the reference bit for bit, so nodes need not run the same ones. */
export const AGGREGATION_KERNEL_VERSION = "tiles-1";

/** SHA-256 of kernels.wasm as the pinned compiler builds it; the loader refuses any other. */
export const AGGREGATION_KERNEL_SHA256 = "baa0de5986adee686909caaa86570e23e99cafeaecf20f53e594256899dac556";

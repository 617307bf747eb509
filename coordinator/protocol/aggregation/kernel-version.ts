/** Names the aggregation kernels. They equal the reference bit for bit, so nodes need not run the same ones. */
export const AGGREGATION_KERNEL_VERSION = "tiles-1";

/** SHA-256 of kernels.wasm as the pinned compiler builds it; the loader refuses any other. */
export const AGGREGATION_KERNEL_SHA256 = "6197a5157c827d1bcf9c0292e88e7ca37d358351f45746f7aef43b8159cecdc5";

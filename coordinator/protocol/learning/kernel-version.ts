/** Names the kernels in task files: nodes that vote together must compute with the same ones. */
export const KERNEL_VERSION = "dense-1";

/** SHA-256 of kernels.wasm as the pinned compiler builds it; the loader refuses any other. */
export const KERNEL_SHA256 = "07f6a463460a43145cabeb4439455df5e9c821690ad513dfba349e80737a0b2d";

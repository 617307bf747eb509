import { ZERO_HASH } from "../bytes.ts";
import { ANCHORS_KEPT } from "./anchors.ts";
import { momentOf, type Reducers } from "./draft.ts";

/** How the events of CheckpointRegistry change what is anchored. */
export const ANCHOR_REDUCERS: Reducers = {
  Founded(draft, { args }) {
    draft.heldConfig = args.configHash;
  },
  Anchored(draft, event) {
    const record = { ...event.args, configHash: draft.heldConfig ?? ZERO_HASH, anchored: momentOf(event) };
    draft.anchors = [...draft.anchors.slice(1 - ANCHORS_KEPT), record];
    if (event.args.nextConfigHash !== ZERO_HASH) draft.heldConfig = event.args.nextConfigHash;
  },
};

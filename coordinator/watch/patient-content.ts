import type { Content } from "../ports/content.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";

/**
 * The same files, each waited for a bounded time: what does not come in it counts as served by nobody.
 * @param milliseconds asked again at each read
 */
export function patientContent(content: Content, milliseconds: () => number): Content {
  return {
    async get(digest, options) {
      const limit = AbortSignal.timeout(milliseconds());
      const signal = AbortSignal.any([limit, ...(options.signal ? [options.signal] : [])]);
      try {
        return await content.get(digest, { ...options, signal });
      } catch (error) {
        if (isQuorateError(error) || !limit.aborted) throw error;
        throw new QuorateError("CONTENT_UNAVAILABLE", `nobody served ${digest} in time`, { digest });
      }
    },
  };
}

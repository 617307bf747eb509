/** Settings of every table: no colours, no line between rows. */
export const PLAIN_TABLE = { style: { head: [], border: [], compact: true } };

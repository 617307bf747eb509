import type { PeerId } from "../ports/peer-transport.ts";

/** Bad frames a stranger may send at once, and so many more each second: a client that works sends none. */
const AT_ONCE = 32;
const PER_SECOND = 8;
/** Peers whose account is kept; the longest known goes first. */
const MAX_PEERS = 4_096;

interface Account {
  left: number;
  at: number;
}

/**
 * How many bad frames of a stranger are looked at: a signature that does not hold costs a replica more than its sender. What
 * is good costs nothing here, however much it is.
 */
export class Patience {
  private readonly accounts = new Map<PeerId, Account>();

  /** False while a peer has sent too many bad frames; `now` in milliseconds. */
  has(peer: PeerId, now: number): boolean {
    const account = this.accounts.get(peer);
    if (!account) return true;
    const seconds = Math.max(0, now - account.at) / 1_000;
    account.at = now;
    account.left = Math.min(AT_ONCE, account.left + PER_SECOND * seconds);
    return account.left >= 1;
  }

  /** A frame of the peer's was bad. */
  charge(peer: PeerId, now: number): void {
    if (!this.accounts.has(peer) && this.accounts.size >= MAX_PEERS)
      this.accounts.delete(this.accounts.keys().next().value!);
    const { left = AT_ONCE, at = now } = this.accounts.get(peer) ?? {};
    this.accounts.set(peer, { left: left - 1, at });
  }
}

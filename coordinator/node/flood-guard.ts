import type { PeerId } from "../ports/peer-transport.ts";

/** What one peer may send in a second, on average and at once: several times what a full block rate needs. */
export interface PeerRate {
  readonly frames: number;
  readonly bytes: number;
}

const RATE: PeerRate = { frames: 20_000, bytes: 256 * 2 ** 20 };
/** Seconds that a quiet peer may save up. */
const BURST = 2;
/** Peers whose account is kept; the longest known goes first. */
const MAX_PEERS = 4_096;
/** Milliseconds between two reports on a peer. */
const REPORT_EVERY = 1_000;

interface Account {
  frames: number;
  bytes: number;
  at: number;
  dropped: number;
  reportedAt: number;
}

/** Drops what a peer sends above its rate, before anything is decoded or verified, and says so now and then. */
export class FloodGuard {
  private readonly accounts = new Map<PeerId, Account>();
  private readonly report: (peer: PeerId, dropped: number) => void;
  private readonly rate: PeerRate;

  constructor(report: (peer: PeerId, dropped: number) => void, rate: PeerRate = RATE) {
    this.report = report;
    this.rate = rate;
  }

  /** True if a frame of so many bytes is taken; `now` in milliseconds. */
  admit(peer: PeerId, bytes: number, now: number): boolean {
    const account = this.accountOf(peer, now);
    const seconds = Math.max(0, now - account.at) / 1_000;
    account.at = now;
    account.frames = Math.min(BURST * this.rate.frames, account.frames + seconds * this.rate.frames);
    account.bytes = Math.min(BURST * this.rate.bytes, account.bytes + seconds * this.rate.bytes);
    if (account.frames >= 1 && account.bytes >= bytes) {
      account.frames -= 1;
      account.bytes -= bytes;
      return true;
    }
    account.dropped++;
    if (now >= account.reportedAt + REPORT_EVERY) {
      account.reportedAt = now;
      this.report(peer, account.dropped);
    }
    return false;
  }

  private accountOf(peer: PeerId, now: number): Account {
    const known = this.accounts.get(peer);
    if (known) return known;
    if (this.accounts.size >= MAX_PEERS) this.accounts.delete(this.accounts.keys().next().value!);
    const { frames, bytes } = this.rate;
    const account = {
      frames: BURST * frames,
      bytes: BURST * bytes,
      at: now,
      dropped: 0,
      reportedAt: Number.NEGATIVE_INFINITY,
    };
    this.accounts.set(peer, account);
    return account;
  }
}

import { type ErrorDescription, type Interface, isError } from "ethers";
import { QuorateError } from "../../protocol/errors.ts";

/** Codes of sockets that mean: nobody listens there, or the listener went away. */
const SOCKET_CODES = [
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
];

/**
 * What ethers threw as a QuorateError: a contract's custom error by its own name (`NotEnoughMiners(1)` becomes
 * NOT_ENOUGH_MINERS with its values in `details`), a node that does not answer as RPC_UNREACHABLE, anything else as
 * RPC_ERROR.
 */
export function chainError(error: unknown, what: string, interfaces: readonly Interface[]): QuorateError {
  if (error instanceof QuorateError) return error;
  const data = revertData(error);
  if (data !== undefined) return revertError(data, what, { interfaces, cause: error });
  const message = (error as Error).message ?? String(error);
  if (isUnreachable(error))
    return new QuorateError(
      "RPC_UNREACHABLE",
      `the chain's RPC node did not answer ${what}: ${message}; check the RPC URL and that the node runs`,
      { what },
      { cause: error },
    );
  // Hardhat words it differently from the nodes that ethers knows.
  if (isError(error, "INSUFFICIENT_FUNDS") || /have enough funds/i.test(message))
    return new QuorateError(
      "INSUFFICIENT_FUNDS",
      `the account cannot pay for ${what}; send it some of the chain's currency`,
      { what },
      { cause: error },
    );
  return new QuorateError("RPC_ERROR", `${what} failed: ${message}`, { what }, { cause: error });
}

/** NotEnoughMiners → NOT_ENOUGH_MINERS, ERC20InsufficientBalance → ERC20_INSUFFICIENT_BALANCE. */
export function codeOfErrorName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toUpperCase();
}

/** A contract's refusal, from the bytes it reverted with. */
export function revertError(
  data: string,
  what: string,
  context: { interfaces: readonly Interface[]; cause?: unknown },
): QuorateError {
  for (const contract of context.interfaces) {
    const description = parseError(contract, data);
    if (description) return described(description, what, context.cause);
  }
  return new QuorateError(
    "CONTRACT_REVERTED",
    `the contract refused ${what} ${data === "0x" ? "without a reason" : `with ${data.slice(0, 74)}`}`,
    { what, data },
    { cause: context.cause },
  );
}

function parseError(contract: Interface, data: string): ErrorDescription | null {
  try {
    return contract.parseError(data);
  } catch {
    return null;
  }
}

function described(description: ErrorDescription, what: string, cause: unknown): QuorateError {
  const details: Record<string, unknown> = { what, error: description.name };
  const shown = description.fragment.inputs.map((input, index) => {
    const value = description.args[index];
    details[input.name || String(index)] = value;
    return `${input.name ? `${input.name} ` : ""}${value}`;
  });
  const builtIn: Record<string, string> = { Error: "CONTRACT_REVERTED", Panic: "CONTRACT_PANIC" };
  return new QuorateError(
    builtIn[description.name] ?? codeOfErrorName(description.name),
    `the contract refused ${what}: ${description.name}(${shown.join(", ")})`,
    details,
    { cause },
  );
}

function revertData(error: unknown): string | undefined {
  if (!isError(error, "CALL_EXCEPTION")) return undefined;
  return typeof error.data === "string" ? error.data : undefined;
}

function isUnreachable(error: unknown): boolean {
  if (isError(error, "NETWORK_ERROR") || isError(error, "TIMEOUT") || isError(error, "SERVER_ERROR"))
    return true;
  const { code, message, cause } = error as { code?: string; message?: string; cause?: unknown };
  if (code !== undefined && SOCKET_CODES.includes(code)) return true;
  if (message?.includes("socket hang up")) return true;
  return cause !== undefined && cause !== error && isUnreachable(cause);
}

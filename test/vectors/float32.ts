/** Bits of a float32 as the vectors write them: 0x and eight digits. */
export function toBits(value: number): string {
  return `0x${new Uint32Array(new Float32Array([value]).buffer)[0]?.toString(16).padStart(8, "0")}`;
}

/** The float32 that has these bits. */
export function fromBits(bits: string): number {
  return new Float32Array(new Uint32Array([Number(bits)]).buffer)[0] as number;
}

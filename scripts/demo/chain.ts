// A local Hardhat chain in a process of its own: `node scripts/demo/chain.ts [PORT]`. Unlike `hardhat node` it does not
// print every call; its accounts are the same.
import hre from "hardhat";

const server = await hre.network.createServer("node", "127.0.0.1", Number(process.argv[2] ?? 0));
const { address, port } = await server.listen();
console.log(`chain listening at http://${address}:${port}`);

const stop = () => void server.close().then(() => process.exit(0));
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

import hre from "hardhat";

const server = await hre.network.createServer(
  { network: "node", override: { allowUnlimitedContractSize: true } } as never,
  "127.0.0.1",
  Number(process.argv[2] ?? 0),
);
const { address, port } = await server.listen();
console.log(`chain listening at http://${address}:${port}`);

import { expect } from "chai";
import { chanceOf } from "./agenda.ts";
import { enumerate, sample, Twins } from "./twins.ts";

/** Members, those of them that are there twice, and scenarios tried. */
const SAMPLES = [
  [4, 1, 150],
  [7, 2, 100],
] as const;

describe("praft twins", function () {
  this.timeout(120_000);

  it("of one of four agree, whoever leads two views and however the network is cut in them", () => {
    let scenarios = 0;
    for (const rounds of enumerate(2)) {
      scenarios++;
      expect(new Twins(4, 1, rounds).run(), JSON.stringify(rounds)).to.deep.equal([]);
    }
    expect(scenarios).to.equal(5 * 16 ** 2);
  });

  for (const [size, twins, count] of SAMPLES) {
    it(`of ${twins} of ${size} agree in a sample of longer scenarios`, () => {
      const chance = chanceOf(size);
      for (let i = 0; i < count; i++) {
        const rounds = sample(chance, size + twins, size);
        expect(new Twins(size, twins, rounds).run(), JSON.stringify(rounds)).to.deep.equal([]);
      }
    });
  }
});

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {SeatWord} from "./SeatWord.sol";
import {WordList} from "./WordList.sol";

/// @title Weighted draw of an order
/// @notice Rank t goes to the first seat, among those not drawn yet and in seat order, whose running weight exceeds
/// uint256(keccak256(abi.encode(seed, t))) mod (weight not drawn yet). The modulo bias is below 2^-150.
library ProposerDraw {
    using SeatWord for uint256;
    using WordList for uint256[];

    /// @dev blockhash reaches this far back.
    uint256 private constant BLOCKHASH_REACH = 256;

    /// @dev The block whose hash is the seed: the opening block itself, which its sender could not see, or, once that
    /// hash is out of reach, a multiple of 256 blocks later.
    function seedBlock(uint256 openingBlock) internal view returns (uint256) {
        if (block.number <= openingBlock) return openingBlock;
        uint256 moves = (block.number - openingBlock - 1) / BLOCKHASH_REACH;
        return openingBlock + moves * BLOCKHASH_REACH;
    }

    /// @dev Seed from a block's hash; reverts in that block itself.
    function seedAt(uint256 blockNumber) internal view returns (uint64) {
        require(block.number > blockNumber, IRoundConsensus.SeedNotReady(blockNumber + 1));
        return uint64(uint256(blockhash(blockNumber)));
    }

    /// @notice The first `ranks` places of the order.
    /// @param roster Seats as stored (SeatWord); all weights positive; at most 255.
    /// @param ranks At most the number of seats.
    /// @return seats Seat of each rank.
    function draw(uint256 seed, uint256[] memory roster, uint256 ranks) internal pure returns (uint256[] memory seats) {
        uint256 total = 0;
        seats = new uint256[](ranks);
        // Bit i: seat i is drawn.
        uint256 drawn = 0;
        unchecked {
            // At most 255 weights of 88 bits, and a point is below the sum of those not drawn: it falls on one of them.
            for (uint256 i = 0; i < roster.length; ++i) {
                total += roster.get(i).weightOf();
            }
            for (uint256 rank = 0; rank < ranks; ++rank) {
                uint256 point = uint256(Hashes.efficientKeccak256(bytes32(seed), bytes32(rank))) % total;
                uint256 seat = 0;
                uint256 weight = 0;
                for (;; ++seat) {
                    if ((drawn >> seat) & 1 != 0) continue;
                    weight = roster.get(seat).weightOf();
                    if (point < weight) break;
                    point -= weight;
                }
                seats.put(rank, seat);
                drawn |= 1 << seat;
                total -= weight;
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../../../contracts/interfaces/IRoundLens.sol";
import {Ballots} from "../../../contracts/libraries/Ballots.sol";
import {MinerRecord} from "../../../contracts/libraries/MinerRecord.sol";
import {EndedWord} from "../../../contracts/libraries/EndedWord.sol";
import {RoundWord} from "../../../contracts/libraries/RoundWord.sol";
import {SeatWord} from "../../../contracts/libraries/SeatWord.sol";
import {Settings} from "../../../contracts/libraries/Settings.sol";
import {SignerBits} from "../../../contracts/libraries/SignerBits.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Everything packed into words comes out of them as it went in, and no field touches another.
contract RecordsTest {
    using Ballots for uint256;
    using RoundWord for uint256;
    using SignerBits for uint8;
    using Settings for uint256;

    /// @dev Every bit of a word belongs to one field: unpacking and packing again gives the word. Enumerations and
    /// truth values are cut to their ranges first.
    function testFuzz_OpenRound(uint256 seed, uint8 status) external pure {
        uint256 word = seed & ~(uint256(0xff) << 32 | uint256(0xfe) << 144) | uint256(status % 6) << 32;
        RoundWord.Open memory r = RoundWord.unpackOpen(word);
        vm.assertEq(RoundWord.packOpen(r), word);
        vm.assertEq(word.roundOf(), r.round);
        vm.assertEq(uint256(word.statusOf()), status % 6);
        // Round, status and opening time lie in the same place in both kinds.
        EndedWord.Ended memory e = EndedWord.unpack(word);
        vm.assertEq(e.round, r.round);
        vm.assertEq(uint256(e.status), uint256(r.status));
        vm.assertEq(e.openedAt, r.openedAt);
    }

    function testFuzz_EndedRound(uint248 seed, uint8 status, uint8 other) external pure {
        uint256 word = seed & ~(uint256(0xff) << 32) | uint256(status % 6) << 32;
        EndedWord.Ended memory r = EndedWord.unpack(word);
        vm.assertEq(EndedWord.pack(r), word);
        r.status = IRoundConsensus.RoundStatus(other % 6);
        vm.assertEq(word.withStatus(r.status), EndedWord.pack(r));
    }

    function test_SignersTellTheCandidates() external pure {
        vm.assertEq(uint8(0).candidateCount(), 0);
        vm.assertEq(uint8(3).candidateCount(), 1);
        vm.assertEq(uint8(4).candidateCount(), 1);
        vm.assertEq(uint8(0x21).candidateCount(), 2);
        vm.assertEq(uint8(0x12).signersOf(0), 2);
        vm.assertEq(uint8(0x12).signersOf(1), 1);
        vm.assertTrue(uint8(0x12).allSigned() && uint8(0x21).allSigned() && uint8(3).allSigned(), "both signed");
        vm.assertTrue(!uint8(1).allSigned() && !uint8(2).allSigned() && !uint8(4).allSigned(), "one signed");
    }

    function testFuzz_Miner(uint168 seed, uint8 status) external pure {
        uint256 word = seed & ~(uint256(0xff) << 152 | uint256(0xfe) << 160) | uint256(status % 7) << 152;
        MinerRecord.Data memory d = MinerRecord.unpack(word);
        vm.assertEq(MinerRecord.pack(d), word);
        vm.assertEq(uint256(MinerRecord.statusOf(word)), uint256(d.status));
    }

    function testFuzz_Seat(address owner, uint88 weight, bool separate, uint88 other) external pure {
        uint256 seat = SeatWord.pack(owner, weight, separate);
        vm.assertEq(SeatWord.ownerOf(seat), owner);
        vm.assertEq(SeatWord.weightOf(seat), weight);
        vm.assertEq(SeatWord.hasSeparateKey(seat), separate);
        vm.assertEq(SeatWord.withWeight(seat, other), SeatWord.pack(owner, other, separate));
    }

    function testFuzz_Settings(IRoundConsensus.Parameters memory p) external pure {
        Settings.Packed memory w = Settings.pack(p);
        vm.assertEq(keccak256(abi.encode(Settings.unpack(w))), keccak256(abi.encode(p)));
        uint256 delay = uint256(p.collectMax) + p.proposeSlot + p.voteWindow + p.voteGrace + p.challengeWindow;
        vm.assertEq(w.times.unbondingDelay(), delay + p.answerTime);
        vm.assertEq(w.stakes.absencesAllowed(), p.absenceLimit);
        vm.assertEq(w.rules.finalAfter(), p.challengeWindow);
        vm.assertEq(w.rules.openAfter(), p.minRoundInterval);
    }

    // ------------------------------------------------------------------ votes

    function packVote(uint64 round, IRoundConsensus.Vote calldata v, bool replaced) external pure returns (uint256) {
        return Ballots.pack(round, v, replaced);
    }

    function mayFollow(uint256 cast, IRoundConsensus.Vote calldata v) external pure returns (bool) {
        return Ballots.mayFollow(cast, Ballots.pack(1, v, false));
    }

    function faultOf(IRoundConsensus.Vote calldata v) external pure returns (IRoundConsensus.VoteFault) {
        uint256 vote = Ballots.pack(1, v, false);
        if (!vote.isConfident(8_000)) return IRoundConsensus.VoteFault.ConfidenceOutOfRange;
        return vote.isReasoned() ? IRoundConsensus.VoteFault.None : IRoundConsensus.VoteFault.ReasonOutOfRange;
    }

    function testFuzz_Vote(uint32 round, IRoundConsensus.Vote memory v, bool replaced, address miner) external view {
        uint256 word = this.packVote(round, v, replaced);
        IRoundLens.CastVote memory c = word.unpack(miner);
        vm.assertEq(
            keccak256(abi.encode(c)),
            keccak256(
                abi.encode(miner, v.seat, v.candidateIndex, v.support, v.confidence, v.reason, v.reasonIndex, replaced)
            )
        );
        vm.assertTrue(word != 0 && !word.isStale(round) && word.isStale(uint64(round) ^ 1), "round");
        uint256 logged = word.toEvent(miner);
        vm.assertEq(address(uint160(logged >> 96)), miner);
        vm.assertEq(uint8(logged >> 88), v.candidateIndex);
        vm.assertEq(uint8(logged >> 80), v.support ? 1 : 0);
        vm.assertEq(uint16(logged >> 64), v.confidence);
        vm.assertEq(uint8(logged >> 56), v.reason);
        vm.assertEq(logged & (1 << 56) - 1, 0);
    }

    function _fault(bool support, uint16 confidence, uint8 reason, uint64 index) private view returns (uint256) {
        return uint256(this.faultOf(IRoundConsensus.Vote(0, 0, support, confidence, reason, index, 0, 0)));
    }

    function test_RangesOfConfidenceAndReason() external view {
        uint256 confidence = uint256(IRoundConsensus.VoteFault.ConfidenceOutOfRange);
        uint256 reason = uint256(IRoundConsensus.VoteFault.ReasonOutOfRange);
        vm.assertEq(_fault(true, 8_000, 0, 0), 0);
        vm.assertEq(_fault(true, 10_000, 0, 0), 0);
        vm.assertEq(_fault(true, 7_999, 0, 0), confidence);
        vm.assertEq(_fault(true, 10_001, 0, 0), confidence);
        vm.assertEq(_fault(true, 10_000, 1, 0), reason);
        vm.assertEq(_fault(true, 10_000, 0, 1), reason);
        vm.assertEq(_fault(false, 9_999, 1, 0), confidence);
        vm.assertEq(_fault(false, 10_001, 1, 0), confidence);
        vm.assertEq(_fault(false, 10_000, 0, 0), reason);
        vm.assertEq(_fault(false, 10_000, 6, 0), reason);
        for (uint8 r = 1; r <= 5; ++r) {
            vm.assertEq(_fault(false, 10_000, r, 9), 0);
        }
    }

    /// @dev Only a withheld-no may be replaced, only by a yes.
    function test_WhatMayReplaceAVote() external view {
        IRoundConsensus.Vote memory yes = IRoundConsensus.Vote(1, 0, true, 10_000, 0, 0, 0, 0);
        vm.assertTrue(this.mayFollow(0, yes), "nothing there");
        vm.assertTrue(!this.mayFollow(this.packVote(1, yes, false), yes), "a yes");
        for (uint8 r = 1; r <= 5; ++r) {
            IRoundConsensus.Vote memory no = IRoundConsensus.Vote(1, 0, false, 10_000, r, 0, 0, 0);
            vm.assertEq(this.mayFollow(this.packVote(1, no, false), yes), r == 3);
            vm.assertTrue(!this.mayFollow(this.packVote(1, no, false), no), "a no");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {CandidateLog} from "../libraries/CandidateLog.sol";
import {ExactFedAvg} from "../libraries/ExactFedAvg.sol";
import {Messages} from "../libraries/Messages.sol";
import {ProposerDraw} from "../libraries/ProposerDraw.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {SeatWord} from "../libraries/SeatWord.sol";
import {Settings} from "../libraries/Settings.sol";
import {SignerBits} from "../libraries/SignerBits.sol";
import {WordList} from "../libraries/WordList.sol";
import {RoundViews} from "./RoundViews.sol";

/// @title Proposals: the seed, whose turn it is, candidates and their signatures
abstract contract RoundProposals is RoundViews {
    using SignerBits for uint8;
    using SeatWord for uint256;
    using Settings for uint256;
    using WordList for uint256[];

    /// @dev Updates of one candidate: keeps int256 arithmetic of fault proofs in range and the target in 16 bits.
    uint256 internal constant MAX_UPDATES = ExactFedAvg.MAX_UPDATES;

    /// @inheritdoc IRoundConsensus
    function freezeSeed(uint64 round) external returns (uint64) {
        (Slot storage slot, RoundWord.Open memory r) = _openRoundOf(round);
        require(!r.seedStored, SeedAlreadyFrozen(round));
        (uint64 opening, uint256[] memory seats) = (r.seed, _roster(r.members));
        if (_freeze(r, seats) == opening) emit SeedFrozen(r.round, r.seed, opening);
        slot.word = RoundWord.packOpen(r);
        return r.seed;
    }

    /// @inheritdoc IRoundConsensus
    function propose(uint64 round, CandidateContent calldata content, ProposerSignature[] calldata signatures)
        external
        returns (bytes32 id)
    {
        (Slot storage slot, RoundWord.Open memory r) = _openRoundOf(round);
        _checkContent(content);
        uint256[] memory seats = _roster(r.members);
        if (!r.seedStored) _freeze(r, seats);
        uint8 bits = _checkTurn(r, seats, content.updateCount, signatures);
        id = Messages.candidate(round, slot.openingHash, _headRoot, content);
        address[2] memory signers = _checkSignatures(r, seats, id, signatures);

        uint256 count = r.signers.candidateCount();
        if (count != 0 && slot.candidates[0] == id) {
            r.signers |= bits;
        } else if (count == 2 && slot.candidates[1] == id) {
            r.signers |= bits << 4;
        } else {
            r.signers |= bits << uint8(4 * count);
            r.voteEndsAfter = uint32(block.timestamp - r.openedAt + _settings.times.voteWindow());
            slot.candidates[count] = id;
            slot.word = RoundWord.packOpen(r);
            CandidateLog.posted(round, id, count, content, signers, signatures);
            return id;
        }
        slot.word = RoundWord.packOpen(r);
        CandidateLog.cosigned(round, id, signers, signatures);
    }

    function _checkContent(CandidateContent calldata c) private view {
        uint256 updates = c.updateCount;
        require(updates != 0 && updates <= MAX_UPDATES, UpdateCountOutOfRange(updates, MAX_UPDATES));
        uint256 mostSamples = updates * ExactFedAvg.MAX_SAMPLES;
        bool samplesFit = c.totalSamples >= updates && c.totalSamples <= mostSamples;
        require(samplesFit, SampleCountOutOfRange(c.totalSamples, updates, mostSamples));
        require(c.validationScore <= _validationSize, ScoreOutOfRange(c.validationScore, _validationSize));
    }

    /// @dev Whether these ranks may sign now. Returns their signer bits; sets the seat of a reserve in `r`.
    function _checkTurn(
        RoundWord.Open memory r,
        uint256[] memory seats,
        uint256 updateCount,
        ProposerSignature[] calldata signatures
    ) private view returns (uint8 bits) {
        uint256 signerCount = signatures.length;
        require(signerCount == 1 || signerCount == 2, SignerCount(signerCount));
        uint256 rank = signatures[0].rank;
        require(rank < r.members, BadRank(rank));
        uint256 times = _settings.times;
        uint256 deadline = r.openedAt + times.collectMax() + times.proposeSlot();
        if (rank < 2) {
            bool early = updateCount >= r.updateTarget;
            uint256 from = r.openedAt + (early ? times.collectMin() : times.collectMax());
            require(block.timestamp >= from, CollectNotOver(from, updateCount, r.updateTarget));
            require(block.timestamp <= deadline, SlotNotOpen(rank, from, deadline));
        } else {
            uint256 from = deadline + (rank - 2) * times.proposeSlot();
            bool now_ = block.timestamp > from && block.timestamp <= from + times.proposeSlot() && r.signers == 0;
            require(now_, SlotNotOpen(rank, from + 1, from + times.proposeSlot()));
            r.reserve = uint8(ProposerDraw.draw(r.seed, seats, rank + 1)[rank]);
        }
        bits = rank < 2 ? uint8(1 << rank) : 4;
        if (signerCount == 2) {
            bool pair = rank == 0 && signatures[1].rank == 1 && r.members != 1;
            require(pair, BadRank(signatures[1].rank));
            bits = 3;
        }
        uint8 before = (r.signers | (r.signers >> 4)) & bits;
        require(before == 0, AlreadySigned(before & 1 != 0 ? 0 : 1));
    }

    function _checkSignatures(
        RoundWord.Open memory r,
        uint256[] memory seats,
        bytes32 id,
        ProposerSignature[] calldata signatures
    ) private view returns (address[2] memory signers) {
        bytes32 digest = hashTypedData(id);
        unchecked {
            // One signature or two.
            for (uint256 i = 0; i < signatures.length; ++i) {
                ProposerSignature calldata s = signatures[i];
                (uint256 rank, bytes32 sigR, bytes32 sigVs) = (s.rank, s.r, s.vs);
                uint256 seat = seats.get(rank == 0 ? r.primary : rank == 1 ? r.secondary : r.reserve);
                address key = _keyOf(seat);
                (address recovered,,) = ECDSA.tryRecover(digest, sigR, sigVs);
                // A failed recovery gives the zero address, which is nobody's key.
                require(recovered == key, NotProposer(rank, key, recovered));
                signers[i] = seat.ownerOf();
            }
        }
    }
}

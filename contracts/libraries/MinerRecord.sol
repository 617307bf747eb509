// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {Reputation} from "./Reputation.sol";

/// @title The miner's word
/// @notice All a miner's record in one storage word, in the order of `Data`, lowest bits first.
library MinerRecord {
    using Reputation for uint8;

    struct Data {
        /// Bonded stake; a seat's weight follows at an opening or settlement.
        uint88 stake;
        /// 1/10,000.
        uint16 reputation;
        uint8 absences;
        /// Ballot up to which reputation and absences are current.
        uint32 ballot;
        /// Seat number + 1; 0 without a seat.
        uint8 place;
        IMinerRegistry.MinerStatus status;
        /// Waits in the queue.
        bool queued;
    }

    function unpack(uint256 w) internal pure returns (Data memory d) {
        d.stake = uint88(w);
        d.reputation = uint16(w >> 88);
        d.absences = uint8(w >> 104);
        d.ballot = uint32(w >> 112);
        d.place = uint8(w >> 144);
        d.status = IMinerRegistry.MinerStatus(uint8(w >> 152));
        d.queued = uint8(w >> 160) != 0;
    }

    function pack(Data memory d) internal pure returns (uint256) {
        return uint256(d.stake) | uint256(d.reputation) << 88 | uint256(d.absences) << 104 | uint256(d.ballot) << 112
            | uint256(d.place) << 144 | uint256(d.status) << 152 | (d.queued ? 1 << 160 : 0);
    }

    function statusOf(uint256 w) internal pure returns (IMinerRegistry.MinerStatus) {
        return IMinerRegistry.MinerStatus(uint8(w >> 152));
    }

    /// @dev The word after a ballot its miner was present in, with a reputation step; and the new reputation. The same as
    /// unpacking, `attend` and `Reputation.step`, but without them for a miner that missed nothing.
    /// @param change In 1/10,000.
    function afterBallot(uint256 w, uint32 ballot, int256 change, IMinerRegistry.ReputationRule memory rule)
        internal
        pure
        returns (uint256, uint256 reputation)
    {
        reputation = uint16(w >> 88);
        uint256 absences = uint8(w >> 104);
        unchecked {
            // Both have 32 bits.
            if (uint256(uint32(w >> 112)) + 1 != ballot) {
                Data memory d = unpack(w);
                catchUp(d, ballot - 1, rule);
                (reputation, absences) = (d.reputation, d.absences);
            }
        }
        reputation = Reputation.step(reputation, change, rule.min, rule.max);
        w &= ~(uint256(type(uint56).max) << 88);
        return (w | reputation << 88 | uint256(uint8(absences << 1)) << 104 | uint256(ballot) << 112, reputation);
    }

    function stakeOf(uint256 w) internal pure returns (uint256) {
        return uint88(w);
    }

    /// @dev Present in `ballot`, absent in those before it that the record doesn't know of.
    function attend(Data memory d, uint32 ballot, IMinerRegistry.ReputationRule memory rule) internal pure {
        catchUp(d, ballot - 1, rule);
        d.absences <<= 1;
        d.ballot = ballot;
    }

    /// @dev Counts the ballots up to `ballot` that the record doesn't know of as missed.
    function catchUp(Data memory d, uint32 ballot, IMinerRegistry.ReputationRule memory rule) internal pure {
        if (d.ballot >= ballot) return;
        uint256 missed = ballot - d.ballot;
        d.reputation = Reputation.afterMissed(d.reputation, missed, rule.loss, rule.min);
        d.absences = d.absences.shiftAbsent(missed);
        d.ballot = ballot;
    }
}

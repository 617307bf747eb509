// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClientRegistry} from "../../../contracts/interfaces/IClientRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {EndedWord} from "../../../contracts/libraries/EndedWord.sol";
import {RoundWord} from "../../../contracts/libraries/RoundWord.sol";

/// @dev One round with one posted candidate.
contract ConsensusMock {
    bytes32 public constant OPENING_HASH = keccak256("opening");
    uint40 public constant OPENED_AT = 900_000;

    bytes32 public candidate;
    IRoundConsensus.RoundStatus public status = IRoundConsensus.RoundStatus.Open;
    uint64 public dimension = 199_210;
    uint256 public strikes;
    uint256 public reverts;
    uint40 public finalAt = type(uint40).max;
    uint8 public winnerIndex;
    IRoundConsensus.Wiring private _wiring;

    uint256 public pausedTime;

    function setPausedTime(uint256 time) external {
        pausedTime = time;
    }

    function pauseInfo() external view returns (uint256, uint256, uint256) {
        return (0, 0, pausedTime);
    }

    function wire(address minerRegistry, address clientRegistry, address faultProofs) external {
        _wiring = IRoundConsensus.Wiring(minerRegistry, clientRegistry, address(this), faultProofs);
    }

    function wiring() external view returns (IRoundConsensus.Wiring memory) {
        return _wiring;
    }

    function post(bytes32 id) external {
        candidate = id;
    }

    function setStatus(IRoundConsensus.RoundStatus status_, uint8 winnerIndex_) external {
        (status, winnerIndex) = (status_, winnerIndex_);
    }

    function setFinalAt(uint40 finalAt_) external {
        finalAt = finalAt_;
    }

    function slotOf(uint64 round) external view returns (uint256 word, bytes32 openingHash, bytes32[2] memory ids) {
        ids[0] = candidate;
        // As it lies there from an earlier round.
        ids[1] = keccak256("stale");
        if (status == IRoundConsensus.RoundStatus.Open) {
            RoundWord.Open memory r;
            (r.round, r.status, r.openedAt, r.signers) = (uint32(round), status, OPENED_AT, 3);
            return (RoundWord.packOpen(r), OPENING_HASH, ids);
        }
        EndedWord.Ended memory e;
        (e.round, e.status, e.openedAt, e.signers) = (uint32(round), status, OPENED_AT, 3);
        (e.finalAt, e.winnerIndex) = (finalAt, winnerIndex);
        return (EndedWord.pack(e), OPENING_HASH, ids);
    }

    function strike(uint64, uint8 index) external {
        require(index == 0, "another candidate");
        ++strikes;
    }

    function revertRound(uint64, IRoundConsensus.OpeningPreimage calldata) external {
        ++reverts;
    }

    function hashTypedData(bytes32 structHash) public view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", Messages.domainSeparator(address(this)), structHash));
    }

    function stakeBounds() external pure returns (uint256, uint256, uint16) {
        return (1_000e18, 100_000e18, 10_000);
    }

    /// @dev Stands for the pot as well; no test of this one pays a bond.
    function token() external pure returns (address) {
        return address(0);
    }

    function task() external view returns (IRoundConsensus.Task memory t) {
        t.dimension = dimension;
    }
}

/// @dev Remembers how much of each miner's stake was taken.
contract MinersMock {
    mapping(address key => address) public ownerOf;
    mapping(address miner => uint256) public taken;
    mapping(address finder => uint256) public bounties;

    function register(address key, address owner) external {
        ownerOf[key] = owner;
    }

    function ownerOfKeyAt(address key, uint256 openedAt) external view returns (address) {
        require(openedAt == 900_000, "another opening");
        return ownerOf[key];
    }

    function slash(address miner, uint256 bps, address bountyTo, uint256 bountyBps)
        external
        returns (uint256, uint256 bounty)
    {
        taken[miner] += bps;
        bounty = bps * bountyBps / 10_000;
        bounties[bountyTo] += bounty;
        return (bps, bounty);
    }
}

contract ClientsMock {
    mapping(address client => IClientRegistry.Terms) private _terms;

    function set(address client, address key, uint32 cap, bool active) external {
        _terms[client] = IClientRegistry.Terms(key, cap, active);
    }

    function termsAt(address client, uint64) external view returns (IClientRegistry.Terms memory) {
        return _terms[client];
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {CoordinateJudge} from "../../../contracts/libraries/CoordinateJudge.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {ModelRoot} from "../../../contracts/libraries/ModelRoot.sol";
import {DisputeTest} from "../solidity/DisputeTest.sol";
import {vm} from "../solidity/Vm.sol";

contract FaultProofsTest is DisputeTest {
    uint32 private constant BIT_12 = ONE ^ 0x1000;
    /// @dev One step above the exact result: possible in another order of additions.
    uint32 private constant LOWEST = 0x3f800001;

    function _prove(IFaultProofs.AggregateProof memory p) private {
        _commit(abi.encode(p));
        proofs.proveAggregate(p, SALT, _both(p.claim.candidate));
    }

    /// @dev Commits to the proof as it is, then expects its revert.
    function _refused(IFaultProofs.AggregateProof memory p, bytes memory reason) private {
        _commit(abi.encode(p));
        IFaultProofs.Accused[] memory accused = _both(p.claim.candidate);
        vm.expectRevert(reason);
        proofs.proveAggregate(p, SALT, accused);
    }

    function _ones(uint32 claimed) private returns (IFaultProofs.AggregateProof memory) {
        return _aggregate(claimed, _three(ONE, ONE, ONE));
    }

    // ------------------------------------------------------------------ wrong aggregates

    function test_AWrongBitCostsSignerAndVoterHalf() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        _prove(p);
        vm.assertEq(miners.taken(SIGNER_OWNER), 5_000);
        vm.assertEq(miners.taken(VOTER_OWNER), 5_000);
        vm.assertEq(miners.bounties(address(this)), 3_000);
        vm.assertEq(consensus.strikes(), 1);
        (uint256 bps, address finder) = proofs.findingOf(p.claim.candidate);
        vm.assertEq(bps, 5_000);
        vm.assertEq(finder, address(this));
    }

    /// @dev The average lies halfway between two floats, so that either neighbour is tolerable.
    function test_FailingOnlyTheReplayCostsOnePercent() external {
        IFaultProofs.AggregateProof memory p = _aggregate(LOWEST, _two(ONE, LOWEST));
        _prove(p);
        vm.assertEq(miners.taken(SIGNER_OWNER), 100);
        vm.assertEq(consensus.strikes(), 1);
        _refused(p, abi.encodeWithSelector(IFaultProofs.AlreadyProven.selector, p.claim.candidate, 100));
    }

    function _two(uint32 a, uint32 b) private pure returns (uint32[] memory column) {
        column = new uint32[](2);
        (column[0], column[1]) = (a, b);
    }

    /// @dev A liar can't buy itself off with the small slash: a later reference fault takes the difference.
    function test_AHigherRateTakesTheDifference() external {
        IFaultProofs.AggregateProof memory p = _aggregate(LOWEST, _two(ONE, LOWEST));
        _prove(p);
        IFaultProofs.ReferenceProof memory q;
        (q.claim, q.references) = (p.claim, p.references);
        _commit(abi.encode(q));
        proofs.proveReference(q, SALT, _both(p.claim.candidate));
        vm.assertEq(miners.taken(SIGNER_OWNER), 5_000);
        vm.assertEq(consensus.strikes(), 1);
    }

    function test_ARightCoordinateIsNoFault() external {
        _refused(_ones(ONE), abi.encodeWithSelector(IFaultProofs.CoordinateRight.selector, COORDINATE));
        vm.assertEq(miners.taken(SIGNER_OWNER), 0);
    }

    function test_EachOffenceOnce() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        bytes32 id = p.claim.candidate;
        _commit(abi.encode(p));
        proofs.proveAggregate(p, SALT, _one(_signer(id)));
        vm.assertEq(miners.taken(VOTER_OWNER), 0);
        _refused(p, abi.encodeWithSelector(IFaultProofs.AlreadyProven.selector, id, 5_000));
        IFaultProofs.Accused[] memory again = _one(_signer(id));
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyPunished.selector, SIGNER_OWNER, id));
        proofs.accuse(ROUND, id, again);
        proofs.accuse(ROUND, id, _one(_voter(id)));
        vm.assertEq(miners.taken(VOTER_OWNER), 5_000);
        IFaultProofs.Accused[] memory none = new IFaultProofs.Accused[](0);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.NotProven.selector, bytes32(uint256(1))));
        proofs.accuse(ROUND, bytes32(uint256(1)), again);
        vm.expectRevert(IFaultProofs.NobodyAccused.selector);
        proofs.accuse(ROUND, id, none);
    }

    function test_OnlySignaturesAccuse() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        _commit(abi.encode(p));
        IFaultProofs.Accused[] memory accused = _one(_voter(p.claim.candidate));
        accused[0].confidence = 9_999;
        vm.expectPartialRevert(IFaultProofs.NotAMiner.selector);
        proofs.proveAggregate(p, SALT, accused);
        (accused[0].voter, accused[0].confidence) = (false, 0);
        vm.expectPartialRevert(IFaultProofs.NotAMiner.selector);
        proofs.proveAggregate(p, SALT, accused);
        vm.expectRevert(IFaultProofs.NobodyAccused.selector);
        proofs.proveAggregate(p, SALT, new IFaultProofs.Accused[](0));
    }

    function test_TheAccusedCannotChallenge() external {
        miners.register(vm.addr(SIGNER), address(this));
        _refused(_ones(BIT_12), abi.encodeWithSelector(IFaultProofs.ChallengerAccused.selector, address(this)));
    }

    /// @dev Who proves its own candidate wrong and leaves itself out is accused by others, and gets nothing back of that.
    function test_AFinderAtFaultGetsNoBountyOfItsOwnSlash() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        bytes32 id = p.claim.candidate;
        vm.prank(SIGNER_OWNER);
        proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), SIGNER_OWNER, SALT)));
        vm.roll(vm.getBlockNumber() + 1);
        IFaultProofs.Accused[] memory voter = _one(_voter(id));
        vm.prank(SIGNER_OWNER);
        proofs.proveAggregate(p, SALT, voter);
        vm.assertEq(miners.bounties(SIGNER_OWNER), 1_500);
        proofs.accuse(ROUND, id, _one(_signer(id)));
        vm.assertEq(miners.taken(SIGNER_OWNER), 5_000);
        vm.assertEq(miners.bounties(SIGNER_OWNER), 1_500);
    }

    function test_MedianAndTrimmedMean() external {
        for (uint256 kind = 2; kind < 4; ++kind) {
            uint256 trim = kind == 3 ? 1 : 0;
            _deploy(CoordinateJudge.Rule(CoordinateJudge.Kind(kind), trim, 136));
            IFaultProofs.AggregateProof memory p = _aggregate(ONE, _three(0x40000000, ONE, 0xbf800000));
            p.order = hex"000200010000";
            _refused(p, abi.encodeWithSelector(IFaultProofs.CoordinateRight.selector, COORDINATE));
            p = _aggregate(0x40000000, _three(0x40000000, ONE, 0xbf800000));
            p.order = hex"000200010000";
            _prove(p);
        }
        vm.assertEq(miners.taken(SIGNER_OWNER), 10_000);
    }

    function test_ARuleWithoutCoordinatesProvesNothing() external {
        _deploy(CoordinateJudge.Rule(CoordinateJudge.Kind.None, 0, 136));
        _refused(_ones(BIT_12), abi.encodeWithSelector(CoordinateJudge.RuleNotProvable.selector));
    }

    // ------------------------------------------------------------------ tampered proofs

    function test_OnlyContestableCandidates() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        bytes32 id = p.claim.candidate;
        uint8[3] memory closed = [0, 4, 5];
        _commit(abi.encode(p));
        IFaultProofs.Accused[] memory accused = _both(id);
        for (uint256 i = 0; i < 3; ++i) {
            consensus.setStatus(IRoundConsensus.RoundStatus(closed[i]), 0);
            vm.expectRevert(abi.encodeWithSelector(IFaultProofs.NotContestable.selector, ROUND, id, closed[i]));
            proofs.proveAggregate(p, SALT, accused);
        }
        for (uint8 status = 2; status < 4; ++status) {
            consensus.setStatus(IRoundConsensus.RoundStatus(status), 0);
            consensus.setFinalAt(uint40(vm.getBlockTimestamp()));
            bytes memory late =
                abi.encodeWithSelector(IFaultProofs.AlreadyFinal.selector, ROUND, vm.getBlockTimestamp());
            vm.expectRevert(late);
            proofs.proveAggregate(p, SALT, accused);
        }
        consensus.setStatus(IRoundConsensus.RoundStatus.Open, 0);
        consensus.post(keccak256("another"));
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.NotPosted.selector, ROUND, id));
        proofs.proveAggregate(p, SALT, accused);
        // The id lies in the slot, but only one candidate was posted.
        p.claim.candidate = keccak256("stale");
        _refused(p, abi.encodeWithSelector(IFaultProofs.NotPosted.selector, ROUND, keccak256("stale")));
    }

    /// @dev An open round loses the candidate, the round it won is taken back, and where it lost nothing changes.
    function test_WhatAProofUndoes() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        consensus.setStatus(IRoundConsensus.RoundStatus.Agreed, 1);
        _prove(p);
        vm.assertEq(consensus.strikes() + consensus.reverts(), 0);
        _deploy(proofs.rule());
        consensus.setStatus(IRoundConsensus.RoundStatus.Failed, 0);
        _prove(p);
        vm.assertEq(consensus.strikes() + consensus.reverts(), 0);
        _deploy(proofs.rule());
        consensus.setStatus(IRoundConsensus.RoundStatus.Agreed, 0);
        consensus.setFinalAt(uint40(vm.getBlockTimestamp() + 1));
        _prove(p);
        vm.assertEq(consensus.reverts(), 1);
        vm.assertEq(consensus.strikes(), 0);
        vm.assertEq(miners.taken(SIGNER_OWNER), 15_000);
    }

    function test_ForeignContentAndReferences() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        p.claim.content.validationScore = 1;
        _refusedPartly(p, IFaultProofs.WrongContent.selector);
        p = _ones(BIT_12);
        p.claim.opening.baseRoot = bytes32(0);
        _refusedPartly(p, IFaultProofs.WrongContent.selector);
        p = _ones(BIT_12);
        p.references[1].sampleCount = 18_000;
        _refusedPartly(p, IFaultProofs.WrongReferences.selector);
        p = _ones(BIT_12);
        (p.references[0], p.references[1]) = (p.references[1], p.references[0]);
        _refusedPartly(p, IFaultProofs.WrongReferences.selector);
        p = _ones(BIT_12);
        p.references = new Messages.UpdateReference[](0);
        _refusedPartly(p, IFaultProofs.WrongReferences.selector);
    }

    function _refusedPartly(IFaultProofs.AggregateProof memory p, bytes4 selector) private {
        _commit(abi.encode(p));
        IFaultProofs.Accused[] memory accused = _both(p.claim.candidate);
        vm.expectPartialRevert(selector);
        proofs.proveAggregate(p, SALT, accused);
    }

    /// @dev Any byte of any record, header hashes and siblings included.
    function testFuzz_TamperedOpenings(uint256 place, uint8 change) external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        place %= p.openings.length;
        p.openings[place] ^= bytes1(change == 0 ? uint8(1) : change);
        _refusedPartly(p, IFaultProofs.WrongOpening.selector);
    }

    function test_OpeningsOfAnotherShape() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        uint256 expected = p.openings.length;
        bytes memory all = p.openings;
        p.openings = bytes.concat(all, hex"00");
        _refused(p, abi.encodeWithSelector(IFaultProofs.OpeningsLength.selector, expected + 1, expected));
        p.openings = "";
        _refused(p, abi.encodeWithSelector(IFaultProofs.OpeningsLength.selector, 0, expected));
        p.openings = all;
        p.coordinate = 199_210;
        _refused(p, abi.encodeWithSelector(ModelRoot.CoordinateOutOfRange.selector, 199_210, 199_210));
        p.coordinate = COORDINATE + 64;
        _refusedPartly(p, IFaultProofs.WrongOpening.selector);
    }

    /// @dev Cut short, a record in another's place, a record of another model.
    function test_OpeningsOutOfPlace() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        bytes memory all = p.openings;
        uint256 step = (all.length - 64) / 4;
        for (uint256 cut = 1; cut <= step; cut += step - 1) {
            p.openings = _part(all, 0, all.length - cut);
            _refused(p, abi.encodeWithSelector(IFaultProofs.OpeningsLength.selector, all.length - cut, all.length));
        }
        bytes memory first = _part(all, 0, 64 + step);
        bytes memory last = _part(all, 64 + 3 * step, step);
        p.openings = bytes.concat(first, _part(all, 64 + 2 * step, step), _part(all, 64 + step, step), last);
        _refusedPartly(p, IFaultProofs.WrongOpening.selector);
        (bytes memory foreign,) = _record(9, ONE);
        p.openings = bytes.concat(_part(all, 0, 64 + 3 * step), _withoutHashes(foreign));
        _refusedPartly(p, IFaultProofs.WrongOpening.selector);
        p.openings = all;
        _prove(p);
    }

    function _part(bytes memory all, uint256 start, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = all[start + i];
        }
    }

    function test_InputsOutOfTheDomainAreTheReferencesFault() external {
        IFaultProofs.AggregateProof memory p = _aggregate(BIT_12, _three(ONE, 137 << 23, ONE));
        _refused(p, abi.encodeWithSelector(CoordinateJudge.InputOutOfDomain.selector, 1, 137 << 23));
        clients.set(p.references[1].client, address(1), 20_000, true);
        IFaultProofs.ReferenceProof memory q;
        (q.claim, q.references, q.index, q.coordinate) = (p.claim, p.references, 1, COORDINATE);
        (q.opening,) = _record(3, 137 << 23);
        _commit(abi.encode(q));
        proofs.proveReference(q, SALT, _both(q.claim.candidate));
        vm.assertEq(miners.taken(SIGNER_OWNER), 5_000);
    }

    // ------------------------------------------------------------------ commitments

    function test_RevealedByItsCommitterABlockLater() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        IFaultProofs.Accused[] memory accused = _both(p.claim.candidate);
        bytes32 c = keccak256(abi.encode(keccak256(abi.encode(p)), address(this), SALT));
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.NotCommitted.selector, c));
        proofs.proveAggregate(p, SALT, accused);
        proofs.commit(c);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyCommitted.selector, c));
        proofs.commit(c);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.TooEarly.selector, vm.getBlockNumber() + 1));
        proofs.proveAggregate(p, SALT, accused);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(address(0xF00));
        vm.expectPartialRevert(IFaultProofs.NotCommitted.selector);
        proofs.proveAggregate(p, SALT, accused);
        proofs.proveAggregate(p, SALT, accused);
        vm.assertEq(proofs.madeIn(c), 0);
    }

    function test_BoundsOfTheSetup() external {
        IFaultProofs.Setup memory s;
        (s.consensus, s.leafBond) = (address(consensus), 1e18);
        s.rule = CoordinateJudge.Rule(CoordinateJudge.Kind.FedAvg, 0, 166);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.WrongWiring.selector, consensus, proofs));
        this.deploy("FaultProofs", abi.encode(s));
        s.rule.maxExponent = 167;
        consensus.wire(
            address(miners), address(clients), vm.computeCreateAddress(address(this), vm.getNonce(address(this)))
        );
        vm.expectRevert(abi.encodeWithSelector(CoordinateJudge.BoundTooLarge.selector, 167));
        this.deploy("FaultProofs", abi.encode(s));
        uint256[2] memory outside = [uint256(1e18 - 1), 20e18 + 1];
        for (uint256 i = 0; i < 2; ++i) {
            s.leafBond = outside[i];
            consensus.wire(
                address(miners), address(clients), vm.computeCreateAddress(address(this), vm.getNonce(address(this)))
            );
            vm.expectRevert(abi.encodeWithSelector(IFaultProofs.LeafBondOutOfRange.selector, outside[i], 1e18, 20e18));
            this.deploy("FaultProofs", abi.encode(s));
        }
    }

    /// @dev A model with another header or other non-float bytes can't hide behind the short form.
    function test_HashesMayBeGivenApart() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        p.openings = "";
        for (uint256 k = 1; k <= 4; ++k) {
            (bytes memory record,) = _record(k, k == 1 ? BIT_12 : ONE);
            p.openings = bytes.concat(p.openings, record);
        }
        bytes memory all = p.openings;
        for (uint256 k = 0; k < 4; ++k) {
            all[k * all.length / 4] ^= 0x01;
            _refusedPartly(p, IFaultProofs.WrongOpening.selector);
            all[k * all.length / 4] ^= 0x01;
        }
        _prove(p);
        vm.assertEq(miners.taken(SIGNER_OWNER), 5_000);
    }

    // ------------------------------------------------------------------ contradictions

    function _double(IFaultProofs.Message kind, bytes32 typeHash, bytes memory a, bytes memory b)
        private
        view
        returns (IFaultProofs.DoubleSignature memory p)
    {
        (p.kind, p.round, p.openingHash, p.firstBody, p.secondBody) = (kind, ROUND, consensus.OPENING_HASH(), a, b);
        (p.firstR, p.firstVs) = _sign(SIGNER, typeHash, a);
        (p.secondR, p.secondVs) = _sign(SIGNER, typeHash, b);
    }

    function _proveDouble(IFaultProofs.DoubleSignature memory p) private {
        _commit(abi.encode(p));
        proofs.proveDoubleSignature(p, SALT);
    }

    function _refusedDouble(IFaultProofs.DoubleSignature memory p, bytes memory reason) private {
        _commit(abi.encode(p));
        vm.expectRevert(reason);
        proofs.proveDoubleSignature(p, SALT);
    }

    function _candidateBody(uint256 salt) private pure returns (bytes memory) {
        return abi.encode([salt, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    function _voteBody(uint256 candidate, bool support, uint256 reason) private pure returns (bytes memory) {
        return abi.encode(candidate, support, uint256(10_000), reason, uint256(0));
    }

    function test_TwoCandidatesManifestsOrVotes() external {
        bytes32 t = Messages.CANDIDATE_TYPEHASH;
        IFaultProofs.DoubleSignature memory p =
            _double(IFaultProofs.Message.Candidate, t, _candidateBody(1), _candidateBody(2));
        _proveDouble(p);
        vm.assertEq(miners.taken(SIGNER_OWNER), 5_000);
        vm.assertEq(miners.bounties(address(this)), 1_500);
        _commit(abi.encode(p));
        vm.expectPartialRevert(IFaultProofs.AlreadyPunished.selector);
        proofs.proveDoubleSignature(p, SALT);
        // Another pair is the same offence.
        p = _double(IFaultProofs.Message.Candidate, t, _candidateBody(1), _candidateBody(3));
        _commit(abi.encode(p));
        vm.expectPartialRevert(IFaultProofs.AlreadyPunished.selector);
        proofs.proveDoubleSignature(p, SALT);
        t = Messages.MANIFEST_TYPEHASH;
        _proveDouble(_double(IFaultProofs.Message.Manifest, t, abi.encode(1), abi.encode(2)));
        t = Messages.VOTE_TYPEHASH;
        _proveDouble(_double(IFaultProofs.Message.Vote, t, _voteBody(1, true, 0), _voteBody(1, false, 1)));
        vm.assertEq(miners.taken(SIGNER_OWNER), 15_000);
    }

    function test_WhatIsNoContradiction() external {
        bytes memory refusal = abi.encodeWithSelector(IFaultProofs.NoContradiction.selector);
        bytes32 t = Messages.MANIFEST_TYPEHASH;
        _refusedDouble(_double(IFaultProofs.Message.Manifest, t, abi.encode(1), abi.encode(1)), refusal);
        t = Messages.VOTE_TYPEHASH;
        IFaultProofs.Message kind = IFaultProofs.Message.Vote;
        _refusedDouble(_double(kind, t, _voteBody(1, true, 0), _voteBody(2, false, 1)), refusal);
        // A withheld-no may be replaced by a yes, in whichever order the proof shows them.
        _refusedDouble(_double(kind, t, _voteBody(3, false, 3), _voteBody(3, true, 0)), refusal);
        _refusedDouble(_double(kind, t, _voteBody(4, true, 0), _voteBody(4, false, 3)), refusal);
        _proveDouble(_double(kind, t, _voteBody(5, false, 3), _voteBody(5, false, 1)));
    }

    function test_DoubleSignaturesOfOneKeyOnly() external {
        bytes32 t = Messages.MANIFEST_TYPEHASH;
        IFaultProofs.DoubleSignature memory p = _double(IFaultProofs.Message.Manifest, t, abi.encode(1), abi.encode(2));
        (p.secondR, p.secondVs) = _sign(VOTER, t, abi.encode(2));
        _refusedDouble(p, abi.encodeWithSelector(IFaultProofs.SignersDiffer.selector, SIGNER_OWNER, VOTER_OWNER));
        (p.secondR, p.secondVs) = _sign(CLIENT, t, abi.encode(2));
        _refusedDouble(p, abi.encodeWithSelector(IFaultProofs.NotAMiner.selector, vm.addr(CLIENT)));
        p.secondBody = abi.encode(2, 3);
        _refusedDouble(p, abi.encodeWithSelector(IFaultProofs.BodyLength.selector, 64, 32));
        p.firstBody = "";
        _refusedDouble(p, abi.encodeWithSelector(IFaultProofs.BodyLength.selector, 0, 32));
    }

    // ------------------------------------------------------------------ references

    function _referenceProof(uint64 index) private returns (IFaultProofs.ReferenceProof memory q) {
        IFaultProofs.AggregateProof memory p = _ones(ONE);
        (q.claim, q.references, q.index) = (p.claim, p.references, index);
        for (uint256 k = 0; k < 3; ++k) {
            clients.set(q.references[k].client, vm.addr(CLIENT), 20_000, true);
        }
    }

    function _refusedReference(IFaultProofs.ReferenceProof memory q, bytes memory reason) private {
        _commit(abi.encode(q));
        IFaultProofs.Accused[] memory accused = _both(q.claim.candidate);
        vm.expectRevert(reason);
        proofs.proveReference(q, SALT, accused);
    }

    function _proveReference(IFaultProofs.ReferenceProof memory q) private {
        uint256 before = miners.taken(SIGNER_OWNER);
        _post(q.claim, q.references);
        _commit(abi.encode(q));
        proofs.proveReference(q, SALT, _both(q.claim.candidate));
        vm.assertEq(miners.taken(SIGNER_OWNER), before + 5_000);
    }

    function test_BadReferences() external {
        IFaultProofs.ReferenceProof memory q = _referenceProof(1);
        _refusedReference(q, abi.encodeWithSelector(IFaultProofs.ReferenceRight.selector, 1));
        q.references[1].sampleCount = 0;
        _proveReference(q);
        q.references[1].sampleCount = (1 << 32) + 1;
        _proveReference(q);
        q.references[1].sampleCount = 20_001;
        _proveReference(q);
        q = _referenceProof(1);
        q.claim.content.validationScore = 1;
        clients.set(q.references[1].client, vm.addr(CLIENT), 20_000, false);
        _proveReference(q);
        q.references[1].client = q.references[0].client;
        _proveReference(q);
        q = _referenceProof(2);
        (q.references[1], q.references[2]) = (q.references[2], q.references[1]);
        _proveReference(q);
    }

    function test_ReferenceProofsOfAnotherShape() external {
        IFaultProofs.ReferenceProof memory q = _referenceProof(3);
        _refusedReference(q, abi.encodeWithSelector(IFaultProofs.ReferenceOutOfRange.selector, 3, 3));
        (q.index, q.opening) = (1, hex"00");
        _refusedReference(q, abi.encodeWithSelector(IFaultProofs.OpeningsLength.selector, 1, 704));
        (q.coordinate, q.opening) = (COORDINATE, new bytes(704));
        _commit(abi.encode(q));
        IFaultProofs.Accused[] memory accused = _both(q.claim.candidate);
        vm.expectPartialRevert(IFaultProofs.WrongOpening.selector);
        proofs.proveReference(q, SALT, accused);
        (q.opening,) = _record(3, ONE);
        _refusedReference(q, abi.encodeWithSelector(IFaultProofs.ReferenceRight.selector, 1));
    }

    // ------------------------------------------------------------------ refuted votes

    function _signNo(bytes32 candidate, uint256 reason, uint256 index) private view returns (bytes32, bytes32) {
        bytes memory body = abi.encode(candidate, false, uint256(10_000), reason, index);
        return _sign(VOTER, Messages.VOTE_TYPEHASH, body);
    }

    function test_ANoAgainstARightCoordinate() external {
        IFaultProofs.AggregateProof memory p = _ones(ONE);
        (bytes32 r, bytes32 vs) = _signNo(p.claim.candidate, 1, COORDINATE);
        _commit(abi.encode(p));
        proofs.refuteCoordinate(p, SALT, r, vs);
        vm.assertEq(miners.taken(VOTER_OWNER), 1_000);
        vm.assertEq(consensus.strikes(), 0);
        _commit(abi.encode(p));
        vm.expectPartialRevert(IFaultProofs.AlreadyPunished.selector);
        proofs.refuteCoordinate(p, SALT, r, vs);
        // A no about another coordinate, or with another reason, is another message.
        (r, vs) = _signNo(p.claim.candidate, 1, COORDINATE + 1);
        vm.expectPartialRevert(IFaultProofs.NotAMiner.selector);
        proofs.refuteCoordinate(p, SALT, r, vs);
        (r, vs) = _signNo(p.claim.candidate, 4, COORDINATE);
        vm.expectPartialRevert(IFaultProofs.NotAMiner.selector);
        proofs.refuteCoordinate(p, SALT, r, vs);
    }

    function test_ANoAgainstAWrongCoordinateStands() external {
        IFaultProofs.AggregateProof memory p = _ones(BIT_12);
        (bytes32 r, bytes32 vs) = _signNo(p.claim.candidate, 1, COORDINATE);
        _commit(abi.encode(p));
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.CoordinateNotRight.selector, COORDINATE));
        proofs.refuteCoordinate(p, SALT, r, vs);
    }

    function test_ANoAgainstARightReference() external {
        IFaultProofs.ReferenceProof memory q = _referenceProof(1);
        IFaultProofs.ClientSignature memory s;
        s.modelCid = keccak256("cid of the update");
        bytes32 base = keccak256("base");
        bytes memory body = abi.encode(base, q.references[1].modelRoot, s.modelCid, q.references[1].sampleCount);
        (s.r, s.vs) = _sign(CLIENT, Messages.UPDATE_TYPEHASH, body);
        q.references[1].signatureHash = keccak256(abi.encodePacked(s.r, s.vs));
        _post(q.claim, q.references);
        (bytes32 r, bytes32 vs) = _signNo(q.claim.candidate, 2, 1);
        _commit(abi.encode(q));
        bytes memory refusal = abi.encodeWithSelector(IFaultProofs.ReferenceNotRight.selector, 1);
        (bytes32 signatureR, bytes32 cid) = (s.r, s.modelCid);
        s.modelCid = 0;
        vm.expectRevert(refusal);
        proofs.refuteReference(q, s, SALT, r, vs);
        (s.r, s.modelCid) = (0, cid);
        vm.expectRevert(refusal);
        proofs.refuteReference(q, s, SALT, r, vs);
        s.r = signatureR;
        clients.set(q.references[1].client, address(1), 20_000, true);
        vm.expectRevert(refusal);
        proofs.refuteReference(q, s, SALT, r, vs);
        clients.set(q.references[1].client, vm.addr(CLIENT), 18_000, true);
        vm.expectRevert(refusal);
        proofs.refuteReference(q, s, SALT, r, vs);
        clients.set(q.references[1].client, vm.addr(CLIENT), 18_001, true);
        proofs.refuteReference(q, s, SALT, r, vs);
        vm.assertEq(miners.taken(VOTER_OWNER), 1_000);
    }
}

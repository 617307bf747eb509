// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IMinerRegistry} from "../../contracts/interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../../contracts/interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../../contracts/interfaces/IRoundConsensus.sol";
import {DisputeHandler} from "./solidity/DisputeHandler.sol";
import {Handler} from "./solidity/Handler.sol";
import {vm} from "./solidity/Vm.sol";

/// @dev Here, because the runner looks for the contracts it calls in the file of the test.
contract People is DisputeHandler {}

/// @dev What holds after any sequence of steps; see Handler.
contract InvariantsTest {
    People private _handler;
    IERC20 private _token;
    IMinerRegistry private _registry;
    IRewardDistributor private _pot;
    IRoundConsensus private _consensus;

    function setUp() external {
        _handler = new People();
        _handler.setUp();
        (address token, address registry, address pot, address consensus,) = _handler.parts();
        _token = IERC20(token);
        _registry = IMinerRegistry(registry);
        _pot = IRewardDistributor(pot);
        _consensus = IRoundConsensus(consensus);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev Agreed rounds come more often than the rest.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[33] memory all = [
            Handler.register.selector,
            Handler.addStake.selector,
            Handler.exit.selector,
            Handler.withdraw.selector,
            Handler.fallSilent.selector,
            Handler.deactivate.selector,
            Handler.reactivate.selector,
            Handler.applyQueued.selector,
            Handler.open.selector,
            Handler.wait.selector,
            Handler.propose.selector,
            Handler.castVote.selector,
            Handler.provePresence.selector,
            Handler.settle.selector,
            Handler.agree.selector,
            Handler.agree.selector,
            Handler.fail.selector,
            Handler.pause.selector,
            Handler.resume.selector,
            DisputeHandler.hold.selector,
            DisputeHandler.hold.selector,
            DisputeHandler.lie.selector,
            DisputeHandler.demand.selector,
            DisputeHandler.prove.selector,
            DisputeHandler.prove.selector,
            DisputeHandler.accuse.selector,
            DisputeHandler.ask.selector,
            DisputeHandler.answer.selector,
            DisputeHandler.conclude.selector,
            DisputeHandler.release.selector,
            DisputeHandler.breakReceipt.selector,
            Handler.fund.selector,
            Handler.claim.selector
        ];
        targets[0] = FuzzSelector(address(_handler), new bytes4[](all.length));
        for (uint256 i = 0; i < all.length; ++i) {
            targets[0].selectors[i] = all[i];
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev All in one, so that each sequence is run once.
    /// forge-config: default.invariant.runs = 12
    /// forge-config: default.invariant.depth = 150
    function invariant_Federation() external view {
        vm.assertEq(_handler.breach(), "");
        _moneyIsWhereItBelongs();
        _payoutsAreCovered();
        _weightsAddUp();
        _roundsAndSettlementsAreInStep();
    }

    /// @dev Sequences that do nothing would prove nothing.
    function afterInvariant() external view {
        vm.assertLe(21, _handler.done(), "too few steps were legal");
        vm.assertLe(1, _handler.agreements() + _handler.degradations(), "no round was decided");
    }

    /// @dev What the fuzzer may do can be done: none of the steps is refused whatever comes before.
    function test_EveryDisputeIsPossible() external {
        _handler.demand(0);
        _handler.answer(1);
        vm.assertEq(_handler.bondsAnswered(), 10e18);
        _handler.demand(1);
        _handler.hold(0, 5_000, 0);
        _handler.conclude(2);
        vm.assertEq(_handler.withheld(), 1);
        _handler.agree(1);
        _handler.breakReceipt(0, 1);
        vm.assertEq(_handler.receiptsBroken(), 1);
        _handler.lie(1, true);
        _handler.pause();
        _handler.resume();
        _handler.prove(1, false, 0);
        vm.assertEq(_handler.proofsMade(), 1);
        vm.assertEq(_handler.reversions(), 1);
        _handler.agree(1);
        vm.assertEq(_handler.breach(), "");
        _moneyIsWhereItBelongs();
        _payoutsAreCovered();
        _weightsAddUp();
        _roundsAndSettlementsAreInStep();
    }

    function _moneyIsWhereItBelongs() private view {
        uint256 held = 0;
        for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
            IMinerRegistry.MinerInfo memory info = _registry.minerInfo(vm.addr(0xA0000 + i));
            held += info.stake + info.unbonding;
        }
        vm.assertEq(_token.balanceOf(address(_registry)), held, "registry");
        vm.assertEq(_registry.totalHeld(), held, "held");
        vm.assertEq(_handler.staked() - _handler.withdrawn() - _handler.slashed(), held, "ghost of stakes");
        _slashesAndBonds();
        vm.assertEq(_token.balanceOf(address(_pot)), _pot.funded() - _pot.totalClaimed(), "pot");
        vm.assertEq(_pot.funded(), _handler.fundedByUs(), "ghost of funds");
        vm.assertEq(_pot.totalClaimed(), _handler.paid(), "ghost of claims");
    }

    /// @dev Every slashed token is its finder's or burnt; of a bond that was answered half is.
    function _slashesAndBonds() private view {
        vm.assertEq(_token.balanceOf(_handler.proofs()), _handler.bondsOpen(), "bonds");
        uint256 burnt = _handler.slashed() - _handler.bounties() + _handler.bondsAnswered() / 2;
        vm.assertEq(_token.balanceOf(address(0xdEaD)), burnt, "burnt");
        uint256 spent = _handler.bondsOpen() + _handler.bondsAnswered();
        vm.assertEq(_token.balanceOf(address(0xF1)), 100_000e18 + _handler.bounties() - spent, "finder");
        vm.assertEq(_token.balanceOf(address(0xF2)), _handler.bondsAnswered() / 2, "answerer");
    }

    function _payoutsAreCovered() private view {
        uint256 total = _consensus.head().payoutsTotal;
        vm.assertLe(total, _pot.funded(), "promised more than funded");
        vm.assertLe(total, 100e18 * _handler.settlements(), "more than the budgets of the agreed rounds");
        vm.assertLe(_pot.totalClaimed(), total, "claimed more than promised");
        uint256 clients = _token.balanceOf(address(0xC0)) + _token.balanceOf(address(0xC1));
        vm.assertEq(clients, _pot.totalClaimed(), "what clients have");
    }

    function _weightsAddUp() private view {
        IMinerRegistry.Seat[] memory seats = _registry.roster();
        uint256 sum = 0;
        for (uint256 i = 0; i < seats.length; ++i) {
            sum += seats[i].weight;
            vm.assertTrue(seats[i].weight > 0 || _handler.wasSlashed(seats[i].owner), "a seat without weight");
            IMinerRegistry.MinerInfo memory info = _registry.minerInfo(seats[i].owner);
            vm.assertTrue(info.reputation >= 0.1e18 && info.reputation <= 2e18, "reputation out of range");
            vm.assertEq(info.weight, seats[i].weight);
        }
        vm.assertEq(_registry.activeWeight(), sum);
        vm.assertEq(_registry.activeCount(), seats.length);
    }

    function _roundsAndSettlementsAreInStep() private view {
        IRoundConsensus.Progress memory p = _consensus.progress();
        vm.assertEq(p.settlement, _handler.settlements(), "one settlement per agreed round");
        vm.assertLe(p.settlement, p.ballots, "an agreed round without a candidate");
        vm.assertLe(p.ballots, p.round, "more ballots than rounds");
        if (p.open) vm.assertTrue(_registry.activeCount() >= (p.round == 1 ? 2 : 1), "a round of too few miners");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IMinerRegistry} from "../../contracts/interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../../contracts/interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../../contracts/interfaces/IRoundConsensus.sol";
import {Handler} from "./solidity/Handler.sol";
import {vm} from "./solidity/Vm.sol";

/// @dev Here, because the runner looks for the contracts it calls in the file of the test.
contract People is Handler {}

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
        bytes4[20] memory all = [
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
            Handler.revertRound.selector,
            Handler.fund.selector,
            Handler.claim.selector
        ];
        targets[0] = FuzzSelector(address(_handler), new bytes4[](20));
        for (uint256 i = 0; i < 20; ++i) {
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

    function _moneyIsWhereItBelongs() private view {
        uint256 held = 0;
        for (uint256 i = 0; i < _handler.ACTORS(); ++i) {
            IMinerRegistry.MinerInfo memory info = _registry.minerInfo(vm.addr(0xA0000 + i));
            held += info.stake + info.unbonding;
        }
        vm.assertEq(_token.balanceOf(address(_registry)), held, "registry");
        vm.assertEq(_registry.totalHeld(), held, "held");
        vm.assertEq(_handler.staked() - _handler.withdrawn(), held, "ghost of stakes");
        vm.assertEq(_token.balanceOf(address(_pot)), _pot.funded() - _pot.totalClaimed(), "pot");
        vm.assertEq(_pot.funded(), _handler.fundedByUs(), "ghost of funds");
        vm.assertEq(_pot.totalClaimed(), _handler.paid(), "ghost of claims");
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
            vm.assertTrue(seats[i].weight > 0, "a seat without weight");
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

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClientRegistry} from "../../../contracts/interfaces/IClientRegistry.sol";
import {IKeyBook} from "../../../contracts/interfaces/IKeyBook.sol";
import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {FederationTest, IManager} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

interface ICapped {
    function cap() external view returns (uint256);
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;
    // forge-lint: disable-next-line(mixed-case-function)
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function nonces(address owner) external view returns (uint256);
}

/// @dev Token, keys and clients.
contract RegistriesTest is FederationTest {
    bytes4 private constant CAP_EXCEEDED = bytes4(keccak256("ERC20ExceededCap(uint256,uint256)"));

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 4; ++i) {
            _account(i);
        }
    }

    function _who(uint256 i) private pure returns (address) {
        return vm.addr(0xA0000 + i);
    }

    // ------------------------------------------------------------------ token

    function test_TheWholeSupplyGoesToTheHolder() external {
        vm.assertEq(token.totalSupply(), 1_000_000_000e18);
        vm.assertEq(ICapped(address(token)).cap(), 1_000_000_000e18);
        address other = deploy("FederationToken", abi.encode("A", "B", 10, address(7), 10));
        vm.assertEq(ICapped(other).cap(), 10);
        vm.expectRevert(abi.encodeWithSelector(CAP_EXCEEDED, 11, 10));
        this.deploy("FederationToken", abi.encode("A", "B", 10, address(7), 11));
    }

    function testFuzz_Permit(uint256 value, uint32 ahead) external {
        ICapped t = ICapped(address(token));
        address owner = _who(0);
        uint256 deadline = _now() + ahead;
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 hash = keccak256(abi.encode(typeHash, owner, address(registry), value, t.nonces(owner), deadline));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(keyOf[owner], keccak256(abi.encodePacked(hex"1901", t.DOMAIN_SEPARATOR(), hash)));
        vm.warp(deadline + 1);
        vm.expectRevert();
        t.permit(owner, address(registry), value, deadline, v, r, s);
        vm.warp(deadline);
        t.permit(owner, address(registry), value, deadline, v, r, s);
        vm.assertEq(token.allowance(owner, address(registry)), value);
        vm.expectRevert();
        t.permit(owner, address(registry), value, deadline, v, r, s);
    }

    // ------------------------------------------------------------------ keys

    function _acceptance(IKeyBook book, address key, address owner) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[key], book.keyDigest(owner));
        return abi.encodePacked(r, s, v);
    }

    function _register(address client, address key, bytes memory signature) private {
        vm.prank(client);
        clients.register(key, signature);
    }

    function test_KeyDigestIsEip712() external view {
        bytes32 domain = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 separator =
            keccak256(abi.encode(domain, keccak256("Quorate"), keccak256("1"), block.chainid, address(clients)));
        bytes32 hash = keccak256(abi.encode(keccak256("Key(address owner)"), _who(0)));
        vm.assertEq(clients.keyDigest(_who(0)), keccak256(abi.encodePacked(hex"1901", separator, hash)));
    }

    function test_AnotherKeyMustAgree() external {
        bytes memory signature = _acceptance(clients, _who(1), _who(0));
        _register(_who(0), _who(1), signature);
        vm.assertEq(clients.ownerOfKey(_who(1)), _who(0));
        vm.assertEq(clients.ownerOfKey(_who(2)), address(0));
    }

    function test_BadKeySignature() external {
        bytes memory forAnother = _acceptance(clients, _who(1), _who(2));
        vm.prank(_who(0));
        vm.expectPartialRevert(IKeyBook.BadKeySignature.selector);
        clients.register(_who(1), forAnother);
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.BadKeySignature.selector, _who(1), address(0)));
        vm.prank(_who(0));
        clients.register(_who(1), "");
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.BadKeySignature.selector, address(0), address(0)));
        vm.prank(_who(0));
        clients.register(address(0), "");
        // Signed for the other registry.
        bytes memory elsewhere = _acceptance(registry, _who(1), _who(0));
        vm.expectPartialRevert(IKeyBook.BadKeySignature.selector);
        vm.prank(_who(0));
        clients.register(_who(1), elsewhere);
    }

    function test_KeysAreTakenForGood() external {
        _register(_who(0), _who(1), _acceptance(clients, _who(1), _who(0)));
        bytes memory again = _acceptance(clients, _who(1), _who(2));
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.KeyTaken.selector, _who(1), _who(0)));
        vm.prank(_who(2));
        clients.register(_who(1), again);
        // The key of another cannot become an owner that signs for itself.
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.KeyTaken.selector, _who(1), _who(0)));
        _register(_who(1), _who(1), "");
        // Nor one that another signs for.
        bytes memory third = _acceptance(clients, _who(3), _who(1));
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.KeyTaken.selector, _who(1), _who(0)));
        vm.prank(_who(1));
        clients.register(_who(3), third);
        // Nor can an owner become another's key.
        bytes memory owner = _acceptance(clients, _who(0), _who(2));
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.KeyTaken.selector, _who(0), _who(0)));
        vm.prank(_who(2));
        clients.register(_who(0), owner);
        // An own key needs no second signature.
        vm.prank(_who(0));
        clients.setKey(_who(0), "");
        vm.prank(_who(0));
        clients.setKey(_who(1), "");
    }

    function test_ContractsAreNoKeys() external {
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.KeyIsContract.selector, address(token)));
        _register(_who(0), address(token), "");
    }

    // ------------------------------------------------------------------ clients

    function test_ClientConstructorChecks() external {
        vm.expectRevert(IClientRegistry.ZeroAddress.selector);
        this.deploy("ClientRegistry", abi.encode(address(0), consensus, false, uint32(1)));
        vm.expectRevert(IClientRegistry.ZeroAddress.selector);
        this.deploy("ClientRegistry", abi.encode(manager, address(0), false, uint32(1)));
        vm.expectRevert(IClientRegistry.SampleCapZero.selector);
        this.deploy("ClientRegistry", abi.encode(manager, consensus, false, uint32(0)));
    }

    function test_RegistrationCountsFromTheNextRound() external {
        vm.expectEmit(address(clients));
        emit IClientRegistry.ClientChanged(_who(0), _who(0), 100_000, true, 1, 1);
        _register(_who(0), _who(0), "");
        vm.assertTrue(!clients.terms(_who(0)).active, "too early");
        vm.assertTrue(clients.termsAt(_who(0), 1).active, "next round");
        vm.assertEq(clients.clientCount(), 1);
        vm.assertEq(clients.clientAt(0), _who(0));
        vm.expectRevert(abi.encodeWithSelector(IClientRegistry.AlreadyClient.selector, _who(0)));
        _register(_who(0), _who(0), "");
        _start(2);
        vm.assertTrue(clients.terms(_who(0)).active, "round 1");
        vm.assertEq(clients.terms(_who(0)).sampleCap, 100_000);
    }

    /// @dev A round's updates are judged by the terms at its opening, whatever changes meanwhile.
    function test_ChangesWaitForTheNextRound() external {
        _register(_who(3), _who(3), "");
        _start(2);
        clients.setSampleCap(_who(3), 7);
        vm.prank(_who(3));
        clients.unregister();
        vm.assertTrue(clients.termsAt(_who(3), 1).active, "this round");
        vm.assertEq(clients.termsAt(_who(3), 1).sampleCap, 100_000);
        vm.assertTrue(!clients.termsAt(_who(3), 2).active, "next round");
        vm.assertEq(clients.clientCount(), 0);
        vm.expectRevert(abi.encodeWithSelector(IClientRegistry.NotClient.selector, _who(3)));
        vm.prank(_who(3));
        clients.unregister();
        vm.expectRevert(abi.encodeWithSelector(IClientRegistry.NotClient.selector, _who(3)));
        vm.prank(_who(3));
        clients.setKey(_who(3), "");
        _register(_who(3), _who(3), "");
        vm.assertEq(clients.everRegistered(), 1);
    }

    function test_AllowList() external {
        vm.expectEmit(address(clients));
        emit IClientRegistry.AllowListRequired(true);
        clients.setAllowListRequired(true);
        vm.expectRevert(abi.encodeWithSelector(IClientRegistry.NotAllowed.selector, _who(0)));
        _register(_who(0), _who(0), "");
        address[] memory list = new address[](2);
        (list[0], list[1]) = (_who(0), _who(1));
        vm.expectEmit(address(clients));
        emit IClientRegistry.AllowListChanged(_who(0), true);
        clients.setAllowed(list, true);
        _register(_who(0), _who(0), "");
        vm.assertTrue(clients.isAllowed(_who(1)) && clients.allowListRequired(), "listed");
        clients.setAllowed(list, false);
        vm.assertTrue(!clients.termsAt(_who(0), 1).active, "taken off");
        vm.assertEq(clients.clientCount(), 0);
    }

    function test_Caps() external {
        vm.expectEmit(address(clients));
        emit IClientRegistry.DefaultSampleCapChanged(5);
        clients.setDefaultSampleCap(5);
        _register(_who(0), _who(0), "");
        vm.assertEq(clients.termsAt(_who(0), 1).sampleCap, 5);
        vm.assertEq(clients.defaultSampleCap(), 5);
        vm.expectRevert(IClientRegistry.SampleCapZero.selector);
        clients.setDefaultSampleCap(0);
        vm.expectRevert(IClientRegistry.SampleCapZero.selector);
        clients.setSampleCap(_who(0), 0);
        vm.expectRevert(abi.encodeWithSelector(IClientRegistry.NotClient.selector, _who(1)));
        clients.setSampleCap(_who(1), 3);
    }

    function test_OnlyGovernanceRulesClients() external {
        bytes memory refusal = abi.encodeWithSelector(IManager.AccessManagedUnauthorized.selector, _who(0));
        bytes[4] memory calls = [
            abi.encodeCall(clients.setAllowed, (new address[](0), true)),
            abi.encodeCall(clients.setAllowListRequired, (true)),
            abi.encodeCall(clients.setSampleCap, (_who(0), 1)),
            abi.encodeCall(clients.setDefaultSampleCap, (1))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(_who(0));
            (bool ok, bytes memory data) = address(clients).call(calls[i]);
            vm.assertTrue(!ok && keccak256(data) == keccak256(refusal), "not refused");
        }
    }
}

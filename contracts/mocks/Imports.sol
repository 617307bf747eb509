// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Compiled here so that scripts and tests have its artifact.
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

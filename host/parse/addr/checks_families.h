/* Checks of the families that are neither Bitcoin's base58 nor bech32; part of checks.h. What a check wants of its row stands with
 * it in its file. */
#ifndef PARSE_ADDR_CHECKS_FAMILIES_H
#define PARSE_ADDR_CHECKS_FAMILIES_H

#include "parse/addr/row.h"

/* check_hex.c: hexadecimal digits. addr_check_hex has no checksum. */
addr_check_fn addr_check_hex;
addr_check_fn addr_check_eip55;
addr_check_fn addr_check_starknet;
addr_check_fn addr_check_casper;
addr_check_fn addr_check_sia;
addr_check_fn addr_check_icp_account;
addr_check_fn addr_check_vite;

/* check_cryptonote.c, check_xrp.c, check_byron.c, check_base58_sum.c: base58. */
addr_check_fn addr_check_cryptonote;
addr_check_fn addr_check_xrp;
addr_check_fn addr_check_xrp_x;
addr_check_fn addr_check_byron;
addr_check_fn addr_check_base58_sum;
addr_check_fn addr_check_ss58;

/* check_base32.c: base32 of RFC 4648. */
addr_check_fn addr_check_strkey;
addr_check_fn addr_check_algorand;
addr_check_fn addr_check_nem;
addr_check_fn addr_check_filecoin;
addr_check_fn addr_check_icp_principal;
addr_check_fn addr_check_onion;

/* check_own32.c: 32 letters of their own. */
addr_check_fn addr_check_nano;
addr_check_fn addr_check_stacks;
addr_check_fn addr_check_lisk;
addr_check_fn addr_check_conflux;
addr_check_fn addr_check_nxt;
addr_check_fn addr_check_nimiq;
addr_check_fn addr_check_icap;

/* check_ton.c, check_hedera.c, check_zcash.c. */
addr_check_fn addr_check_ton;
addr_check_fn addr_check_hedera;
addr_check_fn addr_check_unified;

/* check_token.c: no checksum. */
addr_check_fn addr_check_solana;
addr_check_fn addr_check_arweave;

#endif

/* The checks that rows of shared/currencies.json name: "check": "X" is addr_check_X, in check_X.c or with its kin. Contract of
 * them all: addr_check_fn in row.h. */
#ifndef PARSE_ADDR_CHECKS_H
#define PARSE_ADDR_CHECKS_H

#include "parse/addr/row.h"

/* Version bytes, payload, four bytes of checksum in base58. row: version, payload, hash. */
addr_check_fn addr_check_base58check;
/* Segregated witness (BIP 141, 173, 350): prefix is the human-readable part and "1"; number 0: version 0, programs of 20
 * or 32 bytes; 1: Taproot; 2: all other versions and lengths. The checksum as the version wants it. */
addr_check_fn addr_check_segwit;
/* Bech32 (BIP 173) and bech32m (BIP 350): prefix as above; version: 5-bit groups that come first; then payload bytes. */
addr_check_fn addr_check_bech32;
addr_check_fn addr_check_bech32m;
/* Bech32 of any length around bytes that begin with param (LNURL: "http"). */
addr_check_fn addr_check_bech32_any;
/* Lightning invoices (BOLT 11): prefix is the currency ("lnbc"); amount, tagged fields. BOLT 12 offers, which have no checksum. */
addr_check_fn addr_check_lightning;
addr_check_fn addr_check_bolt12;
/* Blech32: Liquid's confidential addresses. */
addr_check_fn addr_check_blech32;
/* CashAddr and Kaspa: prefix ends with ":"; where the row says so it is optional, but always counts for the checksum. number: CashAddr's
 * type (0 to a key, 1 to a script, 2 and 3 the same for tokens). */
addr_check_fn addr_check_cashaddr;
addr_check_fn addr_check_kaspa;

/* The families that are neither. */
#include "parse/addr/checks_families.h"

#endif

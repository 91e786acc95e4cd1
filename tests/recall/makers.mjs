// Who makes the addresses of which family of shared/currencies.json: the row's "check" -> { by, make(random, row), valid(text, row),
// letters(row) }. `by` names the independent implementation (the table that recall.test.mjs prints). `valid` is that implementation's
// verdict on any text: a changed address may by rights be another address.

import { makersOfCodes } from './makers_codes.mjs';
import { makersOfFamilies } from './makers_families.mjs';

export const MAKERS = { ...makersOfCodes, ...makersOfFamilies };

/* The maker for a row; a row's form may have one of its own ("check form", "check ticker"). */
export const familyOf = (row) => MAKERS[`${row.check} ${row.ticker} ${row.form}`] ?? MAKERS[`${row.check} ${row.ticker}`] ?? MAKERS[`${row.check} ${row.form}`] ?? MAKERS[row.check];

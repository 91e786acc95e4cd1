/* Compound files (OLE: Windows Installer's databases, older office documents), as commitments need them: strictly, every sector in one chain at
 * most. Header, sector tables and directory become part of S. [MS-CFB] version 9. */
#ifndef PARSE_FILE_OLE_H
#define PARSE_FILE_OLE_H

#include "parse/file/commit.h"

#define OLE_NONE 0xffffffffu

/* Pieces of a table in order, of one sector each; borrowed from commit. */
struct ole_table { const uint8_t **at; size_t n; };

/* The sector table, FAT. Its own sectors (place) are known from the header on; what is in one is read when a chain comes to it. Of a large or
 * scattered one only those that have to be are read: see ole_fat.c. */
struct ole_fat {
	size_t n;
	uint32_t *place;
	const uint8_t **at;                 /* NULL: not read */
	uint8_t *is_guessed;
	uint8_t *own, *special;             /* bits of sectors that are of the table; those that tell where it is, too: in no chain */
	bool is_foretold;
};

struct ole {
	struct commit *c;
	unsigned shift;                     /* a sector has 1 << shift bytes */
	struct ole_fat fat;
	struct ole_table minifat, directory;
	uint32_t *mini;                     /* sectors of the stream that small streams lie in */
	size_t n_mini;
	uint8_t *seen, *mini_seen;          /* bits of sectors that are in a chain */
	bool is_counting;                   /* chains that are walked are marked; one that was is ERR_FORMAT */
};

enum ole_kind { OLE_UNUSED = 0, OLE_STORAGE = 1, OLE_STREAM = 2, OLE_ROOT = 5 };

/* An entry of the directory. name: UTF-16LE without its end. */
struct ole_entry { enum ole_kind kind; struct rd name, clsid; uint32_t left, right, child, start; uint64_t size; };

/* 2.1 of [MS-CFB]: numbers of sectors from here on mean something else. */
#define OLE_SECTOR_MAX 0xfffffffau
#define OLE_END 0xfffffffeu

/* The caller frees *out with ole_free, whatever comes back. ERR_FORMAT: no compound file, chains that end outside of the file, never, or in another. */
MUST_USE enum err ole_open(struct commit *c, struct ole *out);
void ole_free(struct ole *o);

/* For ole.c (ole_fat.c). header: its 512 bytes. What is taken is freed by ole_fat_free. */
MUST_USE enum err ole_fat_take(struct ole *o, struct rd header);
void ole_fat_free(struct ole_fat *f);
uint64_t ole_sectors(const struct ole *o);
/* The sector behind `at` in its chain. left: how many sectors of the chain are left with this one; 0: unknown. ERR_FORMAT: at is not in the table. */
MUST_USE enum err ole_next(struct ole *o, uint32_t at, uint64_t left, uint32_t *next);

/* Number of entries; entry 0 is the root. ERR_FORMAT: i is none, or is malformed. */
size_t ole_entries(const struct ole *o);
MUST_USE enum err ole_entry_take(const struct ole *o, uint32_t i, struct ole_entry *out);

/* What is done with a stream's bytes, range by range in their order. */
enum ole_use { OLE_WALK, OLE_FEED /* to the plan's digest */, OLE_READ /* to out; part of S */ };
MUST_USE enum err ole_stream(struct ole *o, const struct ole_entry *e, enum ole_use use, struct buf *out);

#endif

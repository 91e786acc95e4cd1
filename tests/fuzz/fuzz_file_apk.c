// Aims at commit_apk and the strict reading of zip files: the input is the file.
// uses: host/parse/file/commit*.c host/parse/file/src.c host/parse/file/spc.c host/parse/file/zip*.c host/parse/file/manifest.c host/parse/file/base64.c host/parse/file/blockmap.c host/parse/file/ole*.c host/parse/der.c host/priv/filemsg.c host/priv/parsemsg.c host/base/rd.c host/base/buf.c host/base/err.c
// libs: -lcrypto -lz -lexpat
#include "filefuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	commit_is_sound(bytes, n);
	return 0;
}

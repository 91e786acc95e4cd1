/* Not there yet. */
#include "feature/compare.h"
void compares_pump(struct clip *c) { (void)c; }
void compares_cancel_all(struct clip *c) { (void)c; }
bool compare_has_id(const struct clip *c, uint32_t id) { (void)c, (void)id; return false; }
bool compare_cancel(struct clip *c, uint32_t id) { (void)c, (void)id; return false; }
size_t compares_count(const struct clip *c) { (void)c; return 0; }
void clip_sites_wipe(struct clip *c) { (void)c; }
void clip_tick(struct clip *c) { (void)c; }
const char *clip_step_name(enum clip_step s)
{
	static const char *const names[] = {
		[CLIP_STEP_CHOOSING] = "choosing", [CLIP_STEP_BUILDING] = "building", [CLIP_STEP_CONNECTING] = "connecting",
		[CLIP_STEP_HANDSHAKING] = "handshaking", [CLIP_STEP_FETCHING] = "fetching", [CLIP_STEP_DONE] = "done",
		[CLIP_STEP_FAILED] = "failed",
	};
	return (unsigned)s < sizeof names / sizeof *names ? names[s] : "failed";
}
enum err clip_compare(struct clip *c, uint32_t id, const struct clip_compare *r) { (void)c, (void)id, (void)r; return ERR_BUG; }

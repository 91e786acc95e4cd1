/* Every bound of the host in one place, each with its reason. A parser or buffer without a bound
 * from here is a defect. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* DNS: 253 characters of name; +1 for NUL, rounded up. */
#define HOST_MAX 256
/* Text of one copy, all its flavours together: a book has 1 MiB. More stays held by the extension. */
#define CLIP_TEXT_MAX (8u * 1024 * 1024)
/* Flavours of one copy; browsers write two or three, a page's script may write more. Their types are MIME types. */
#define CLIP_FLAVOURS_MAX 16
#define CLIP_TYPE_MAX 128
/* Around a copied address, each side: 64 code points (shared/protocol.md). */
#define CLIP_NEAR_MAX 256
/* An element's path, and how many elements it may have. */
#define CLIP_PATH_MAX 2047
#define CLIP_PATH_ELEMENTS_MAX 64
/* The other addresses of its family on the page, and all their bytes with a space between: forty bytes each is the rule. */
#define CLIP_FAMILY_MAX 255
#define CLIP_FAMILY_BYTES_MAX (64u * 1024)
/* A URL, and a header's value, of a comparison. Browsers send more of neither. */
#define CLIP_URL_MAX 2048
#define CLIP_HEADER_MAX 512
#define CLIP_CONTENT_TYPE_MAX 255
/* A page that is compared: the median is 100 KiB of HTML, and one in a thousand has more than this. */
#define CLIP_PAGE_MAX (2u * 1024 * 1024)
/* Redirects followed from the URL as it was asked for; browsers follow 20, honest donation pages need one or two. */
#define CLIP_HOPS_MAX 5
/* Requests of one download's chain: browsers follow 20 redirects. */
#define DL_CHAIN_MAX 21
/* A file's name (every file system of today takes 255 bytes; ".part", "(99)" must fit behind it) and a path of Linux. */
#define DL_NAME_MAX 255
#define DL_PATH_MAX 4095
/* ETag, Last-Modified, Content-Type of a download: real ones are below 100 bytes. */
#define DL_HEADER_MAX 255
/* Redirects followed from the first URL: as many as browsers follow. */
#define DL_HOPS_MAX 20
/* Downloads that run at once; each has up to K_MAX + 1 connections. And those that are held or whose end is remembered. */
#define DL_AT_ONCE 4
#define DL_HELD_MAX 64
/* Files from here on are asked for a part that commits to the rest; smaller ones are fetched whole: three parts with their answers would cost as much. */
#define DL_COMMIT_MIN (4u * 1024 * 1024)
/* Random ranges: one block each (a file system's), so many in one comparison, so many in one request (a line of FETCH_LINES_MAX holds some 60), and
 * where a site sends only one at a time. */
#define DL_BLOCK 4096u
#define DL_RANGES_MAX 1100
#define DL_RANGES_ALONE_MAX 48
/* Blocks of a file that is sampled: a map of them takes an eighth of this. 1 TiB. */
#define DL_BLOCKS_MAX (256u * 1024 * 1024)
/* Differences that are shown, and how far apart two are still one. */
#define DL_DIFFERING_MAX 16
/* And bytes of them that are kept to be shown in a report: what a report takes of one exit (REPORT_RANGES_BYTES_MAX). */
#define DL_SHOWN_MAX 4096
/* A copy that breaks off goes on by itself so often. */
#define DL_COPY_TRIES 3
/* Between two looks at a file that the browser still writes, and two messages of progress of one exit. */
#define DL_GROW_MS 50
#define DL_PROGRESS_MS 250
/* Tor may be away this long in the middle of a download. */
#define DL_TOR_WAIT_MS 30000
/* Read at once while a local file is digested, so that the loop serves others in between. */
#define DL_HASH_PIECE (512u * 1024)
/* Sites whose exits are remembered, for downloads and for comparisons of copies each; and exits of one site that gave nothing. */
#define FETCH_SITES_MAX 64
#define FETCH_SITE_FAILED_MAX 16
/* Files found false that are remembered, of all sites. */
#define DL_FALSE_MAX 256
/* Firefox sends up to 4 GiB; our largest request is CLIP_TEXT_MAX of copied text, most of it characters that JSON writes
 * in two bytes (quotes, line ends). A chain of CHAIN_MAX certificates in base64 takes 256 KiB. */
#define NATIVE_IN_MAX (2 * CLIP_TEXT_MAX + 64u * 1024)
/* Firefox drops a host whose message exceeds 1 MiB. */
#define NATIVE_OUT_MAX (1024u * 1024 - 1024)
/* Replies that wait for the browser to read. It reads at once; a browser that lets this much pile up hangs, and the
 * host ends rather than grow. */
#define NATIVE_QUEUE_MAX (4u * 1024 * 1024)
/* Nesting of a request; ours need 2 (an object with a list), the rest is room for later versions. */
#define JSON_DEPTH_MAX 8
/* Digits of a number that is no integer, as written: 17 would show 0.23 as 0.23000000000000001; with 12 the shares of all exits still
 * add up to 1. */
#define REAL_DIGITS 12
/* Commas, colons and brackets of a request outside strings: bounds what the JSON tree may cost (Jansson
 * spends up to 100 bytes on a value that takes 2 in the text). Ours stay below 60. */
#define JSON_MARKS_MAX 2048
/* Certificates of one handshake; browsers give up at about this depth too. */
#define CHAIN_MAX 10
/* One certificate in DER; the largest leaf seen in the wild is below 32 KiB. */
#define CERT_MAX (64u * 1024)
/* Certificates of one handshake together. */
#define CHAIN_BYTES_MAX (192u * 1024)
/* An OCSP staple. */
#define STAPLE_MAX (32u * 1024)
/* All bytes that one handshake may take from a server: a chain, a staple, and room for time stamps and records. */
#define TLS_IN_MAX (320u * 1024)
/* All bytes of ours waiting for a server that does not read: two ClientHellos, keys, Finished. */
#define TLS_OUT_MAX (16u * 1024)
/* Frame between two roles: a chain, a staple and small fields. */
#define FRAME_MAX (256u * 1024)
/* Frames that wait for the other role to read: two copies of CLIP_TEXT_MAX; REQUESTS_MAX checks with common chains, or
 * every exit of the network listed (9,500 relays of 200 bytes), fit several times over. */
#define CHANNEL_QUEUE_MAX (2 * CLIP_TEXT_MAX)
/* A large text or page goes to the parse role in pieces of this size: below FRAME_MAX, above the socket's buffer. */
#define PARSE_PIECE (192u * 1024)
/* What an inner role may take to clean up (remove its mappings from tor) once main is gone or asks it to end,
 * and what main waits for it, a little longer. The whole host ends within a second of the browser. */
#define INNER_END_MS 300
#define ROLE_END_MS 400
/* SOCKS5 username and password: RFC 1929, one length byte. */
#define SOCKS_CRED_MAX 256
/* A relay's identity: SHA-1 of its RSA key. */
#define FP_LEN 20
/* Tor nicknames: 19 characters. */
#define NICKNAME_MAX 20
/* Candidates for the browser's own circuit, each to be avoided. */
#define CANDIDATES_MAX 8
/* Fingerprints in one draw request (independent-of and not-these each). */
#define AVOID_MAX 64
/* Hops of a circuit that are shown. Tor builds 3 or 4 (cannibalized), onion circuits more. */
#define HOPS_MAX 8
/* k, the number of corroborating exits; the default and the most a user may choose (DESIGN.md). */
#define K_DEFAULT 3
#define K_MAX 5
/* Certificate check: from the event to the verdict, and its first round (DESIGN.md, Verdicts). */
#define CHECK_DEADLINE_MS 25000
#define CHECK_FIRST_ROUND_MS 12000
/* Automatic checks per browser (DESIGN.md, When a check starts). */
#define AUTO_CHECKS_MAX 5
#define AUTO_CHECKS_WINDOW_MS (10u * 60 * 1000)
/* Downloads that start without a click of ours in the same time: a page may start as many as it likes, and each draws circuits and writes to the disk. What
 * one of them may bring: the first copy (twice what a DVD holds; whatever goes on for ever ends there), the second one and the samples of a larger one (the
 * most that the options page offers, whatever is asked for). */
#define AUTO_DOWNLOADS_MAX 10
#define AUTO_COPY_MAX (8ull * 1024 * 1024 * 1024)
#define AUTO_WHOLE_MAX (4096ull * 1024 * 1024)
#define AUTO_BUDGET_MAX (128ull * 1024 * 1024)
/* The largest of these numbers of starts. */
#define AUTO_STARTS_MAX AUTO_DOWNLOADS_MAX
/* Checks that run at once; the rest wait. Tor builds 32 circuits at once (MaxClientCircuitsPending) and a check
 * needs four: more would only make each other wait inside tor. */
#define CHECKS_AT_ONCE 8
/* Sites remembered in a session; a site with its answers takes about 20 KB. */
#define SESSION_SITES_MAX 256
/* Certificates remembered of one site: K_MAX corroborators for each of several first exits. */
#define SITE_MEMORIES_MAX 40
/* Exits asked in one check beside the first, replacements included: three rounds. */
#define CHECK_ROUNDS_MAX 3
/* A mismatch is certain with one valid chain; the other answers get this long to be shown as well. */
#define CHECK_SHOW_MS 1500
/* Our own handshake through the first exit looks for selective interception. With the browser's own certificate at
 * hand it is not needed for a match (the exception is for that very certificate, which k others confirm): it begins when
 * the others have their circuits, or this long after the first draw, and one that is nearly done may hold a match up for no longer
 * than a person notices. */
#define CHECK_PROBE_LATER_MS 2000
#define CHECK_PROBE_GRACE_MS 50
/* Between two tries while tor is away, and how long a check waits for tor, before it has begun (the role connects in
 * milliseconds where tor runs) and in its middle (tor's restart takes a second or two). */
#define CHECK_TOR_AGAIN_MS 300
#define CHECK_TOR_WAIT_MS 4000
/* The first round where silence may be the answer: tor itself asks again over a second circuit after 10 s, and only
 * then is it known that the silence is not our own network's. */
#define HTTPS_FIRST_ROUND_MS 19000
/* The plain address of a page is asked for before TLS is looked at through the same exit: what it takes longer is no answer, so that tor's
 * second circuit (10 s) still fits behind it. And what of its body is read: only its head matters, and most redirects have none. */
#define PLAIN_FETCH_MS 8000
#define PLAIN_BODY_MAX (64u * 1024)
/* Whether a site has HTTPS is a matter of the moment: a server may be down and up again. What an exit said of it holds
 * this long; later the same exit is asked anew, and no other in its place. */
#define HTTPS_MEMORY_MS (60u * 1000)
/* Left for judging a chain and for the reply, at the end of the deadline. */
#define CHECK_MARGIN_MS 300
/* Targets of streams are kept in memory this long (DESIGN.md, Never harm the browser). */
#define STREAM_MEMORY_MS (10u * 60 * 1000)
/* Circuits whose paths are remembered, and streams, closed ones of STREAM_MEMORY_MS included; the oldest closed ones go
 * first. A busy browser makes some 100 and 1,000. */
#define CIRCUITS_MAX 2048
#define STREAMS_MAX 4096
/* Clean circuits older than this are not counted on: tor closes unused ones after 30 to 60 minutes. */
#define CLEAN_AGE_MS (25u * 60 * 1000)
/* Exits of clean circuits that are looked at: tor keeps a handful, at most 14 unused ones (MAX_UNUSED_OPEN_CIRCUITS). */
#define CLEAN_EXITS_MAX 64
/* Circuits asked for ahead of a draw: on their way at once (two checks' worth; tor builds 32 at once) and in a window. What a page can
 * start by itself, AUTO_CHECKS_MAX checks with K_MAX exits each, stays within it. */
#define WARM_AT_ONCE 8
#define WARM_WINDOW_MAX 30
#define WARM_WINDOW_MS AUTO_CHECKS_WINDOW_MS
/* How often one of them is asked for where tor finds no path for the exit it drew; each counts in the window. */
#define WARM_TRIES 3
/* And how long a draw waits for them: nearly every circuit of three hops is built within that, and tor itself gives up slow ones
 * about then. Of the first round five sixths are left for another way. */
#define WARM_WAIT_MS 2000
/* One line from the control port: the longest are family lines, and a relay's descriptor has at most 20,000 bytes. */
#define CONTROL_LINE_MAX (64u * 1024)
/* One reply: microdescriptors of all relays are 8 MB; lines are passed on, not stored. */
#define CONTROL_REPLY_MAX (64u * 1024 * 1024)
/* One event: a new consensus would be 2 MB, and we do not subscribe to it. */
#define CONTROL_EVENT_MAX (4u * 1024 * 1024)
/* One command (tor itself takes 1 MiB) and all that wait to be sent. */
#define CONTROL_COMMAND_MAX (64u * 1024)
#define CONTROL_OUT_MAX (4u * 1024 * 1024)
/* Commands without an answer yet: 50 checks with four looks each, and a reload of relays. */
#define CONTROL_QUEUE_MAX 1024
/* Relays of a consensus (10,000 in 2025; tor's own parsers take more, our index 31 bits) and what hangs on them. */
#define RELAYS_MAX 50000
/* Families of all relays together: the largest operator on record had 1,000 relays, each naming all. */
#define FAMILY_ENTRIES_MAX (4u * 1024 * 1024)
/* Port ranges of one policy summary: dir-spec limits its text to 1,000 characters. */
#define POLICY_RANGES_MAX 512
/* Requests in flight from one browser. */
#define REQUESTS_MAX 64
/* Looks under way at once: each request of REQUESTS_MAX asks the first exit and up to K_MAX others, and some again. */
#define LOOKS_MAX 512
/* A look that its asker gave no deadline; none is longer (FACTS-TOR.md: without one tor goes on building circuits). */
#define LOOK_DEADLINE_MAX_MS CHECK_DEADLINE_MS
/* Opening a stream to an onion service: descriptor, introduction and rendezvous are three circuits of six hops in all, and where the service
 * defends itself tor works on a puzzle first. Tor's own answer takes 4 to 11 s on a quiet network. */
#define ONION_DEADLINE_MAX_MS 60000
/* Where tor chooses the exit: how often one that does not suit is refused. With half of all exits excluded one in
 * four thousand looks would still find none. */
#define LOOK_FREE_TRIES 12
/* Requests to the net role wait this long for tor to come (back); tor's restart takes about a second. */
#define LINK_WAIT_MS 3000
/* A stream of the browser's that is not known yet may be on its way to us: events trail by milliseconds. */
#define FIRST_WAIT_MS 300
/* Silence of the net role while it owes an answer: LINK_WAIT_MS, then a control port that is slow at 10,000 relays. */
#define NETLINK_ANSWER_MS 12000
/* Silence of the parse role while it owes an answer. Its first judgement loads the roots (measured: below
 * 30 ms), others take 1 to 3 ms; on a machine a hundred times slower this still holds. */
#define PARSE_ANSWER_MS 5000
/* Trust roots: Mozilla's module holds about 170 objects, the fullest distributions' bundles below 300. */
#define ROOTS_MAX 2048
/* All roots together, and the size of a PEM bundle that is read: Debian's is 220 KB. */
#define ROOTS_BYTES_MAX (8u * 1024 * 1024)
/* Nesting of DER in a certificate; real ones stay below 12. */
#define DER_DEPTH_MAX 24
/* Extensions of one certificate, compared pairwise for duplicates; real ones have about ten. */
#define CERT_EXTENSIONS_MAX 64
/* Signatures checked while paths for one chain are built, and whole paths judged: ten certificates that all
 * could have issued each other must not cost more than milliseconds. Browsers' budgets are of this kind too. */
#define PATH_SIGNATURES_MAX 100
#define PATHS_MAX 32
/* A currency address in its canonical form, NUL included: Lightning invoices and unified addresses are the longest. */
#define ADDR_TEXT_MAX 2048
/* Addresses told of one text; beyond it is only said that there are more. */
#define ADDR_HITS_MAX 256
/* A coin's, ticker's, form's or network's name in the table of currencies. */
#define ADDR_WORD_MAX 64
/* Browsers of one user that get a manifest; a person has two or three. */
#define BROWSERS_MAX 32
/* One address to be fetched: browsers show and servers take about this much (Apache's and nginx' request lines: 8 KiB). */
#define URL_MAX (8u * 1024)
/* Header lines that one fetch sends, beside Host and Accept-Encoding: a browser's are below 2 KiB, its Referer may be an
 * address of its own. */
#define FETCH_LINES_MAX (4u * 1024)
/* All header bytes of one answer, interim answers (1xx) and trailers included; the largest seen are Set-Cookie and policy
 * lines of some 20 KiB. Firefox takes 384 KiB, Chromium 256 KiB. */
#define HTTP_HEADERS_MAX (64u * 1024)
/* One piece of a body on its way to main; and what may be on its way before main has said that it was used. One window fills
 * a fast circuit (2 MB/s) for a tenth of a second. */
#define FETCH_PIECE_MAX (32u * 1024)
#define FETCH_WINDOW (256u * 1024)
/* A body that is decompressed on the way: pages, never files; the largest pages are some MiB. */
#define FETCH_DECODED_MAX (8u * 1024 * 1024)
/* Fetches at once: k of them for each of some checks; each costs two or three descriptors and a TLS connection (100 KB). */
#define FETCHES_MAX 32
/* Descriptors on their way between two roles, one for each fetch. */
#define CHANNEL_FDS_MAX FETCHES_MAX
/* The whole of one fetch: a 4 GiB file at 50 KB/s takes a day. And the default when its asker gave none. */
#define FETCH_DEADLINE_MAX_MS (24u * 3600 * 1000)
#define FETCH_DEADLINE_MS 25000
/* Silence of a server in the middle of an answer; tor itself gives a dead circuit up after some 10 s. */
#define FETCH_STALL_MS 30000
/* What the fetch role may be silent beyond a request's own limits. */
#define FETCH_SLACK_MS 3000
/* The fetch role is ended this long after its last fetch: its memory must not stay. Longer than ROLE_HEALTHY_MS, so that ending it is
 * never taken for an early death. */
#define FETCH_IDLE_MS 8000
/* A downloaded file's name: file systems have 255 bytes; and what is told of a member of an archive, path and all. */
#define FILE_NAME_MAX 512
#define FILE_MEMBER_MAX 512
/* A format's, method's or digest's name. */
#define FILE_WORD_MAX 32
/* Ranges of a committing part: each is a request through each of k exits. */
#define FILE_RANGES_MAX 64
/* Processes that read files at once, and requests that wait for one. Two cores are the rule. */
#define FILE_TASKS_AT_ONCE 2
#define FILE_TASKS_MAX 64
/* A process that reads tells so after every FILE_TELL_BYTES; the slowest disks read 5 MB/s. Silent for longer, it hangs. */
#define FILE_TELL_BYTES (4u * 1024 * 1024)
#define FILE_SILENCE_MS 20000
/* For all of it: 100 GB from a slow disk; and when the asker gave none: 4 GiB from a slow disk. */
#define FILE_DEADLINE_MAX_MS (6u * 3600 * 1000)
#define FILE_DEADLINE_MS (15u * 60 * 1000)
/* Chains kept in memory for a report: of one exit (CERT_MAX at least; real ones have some 4 KiB), all of a session, and mismatches that
 * a report can be made of. */
#define CHAIN_KEPT_MAX CERT_MAX
#define CHAINS_KEPT_MAX (2u * 1024 * 1024)
#define FINDINGS_MAX 16
/* Reports that are being sent; a person sends one. And one try: opening (ONION_DEADLINE_MAX_MS), 128 KiB up a slow circuit, the collector's
 * disk. */
#define REPORT_SENDS_MAX 4
#define REPORT_TRY_MS 180000
/* Archives: how deep nested, how many members of all depths, how many bytes unpacked. Beyond, an archive counts as executable. The
 * largest honest ones are images of systems; unpacking 8 GiB takes a minute. */
#define FILE_DEPTH_MAX 4
#define FILE_MEMBERS_MAX 200000u
#define FILE_UNPACKED_MAX (8ull * 1024 * 1024 * 1024)
/* An archive inside an archive that is held in memory up to this; larger ones are read in one go, which 7z and rar
 * do not allow. */
#define FILE_NESTED_MAX (8u * 1024 * 1024)
/* Memory of a process that reads a file: dictionaries of xz and 7z have 64 MiB, at the highest setting of xz. */
#define FILE_MEMORY_MAX (512u * 1024 * 1024)
/* Files smaller than this are fetched whole: asking three exits for parts costs more. */
#define COMMIT_LEAST (64u * 1024)
/* What a format's parser may read: signatures have some 10 KiB, the largest headers of RPMs and tables of MSIs some MiB. Held in memory. */
#define COMMIT_NEED_MAX (12u * 1024 * 1024)
/* Pieces of a file that digests go over: three for each member of a large package; an MSI's streams in fragments. */
#define COMMIT_STEPS_MAX 150000u
/* Ranges of the committing part with less than this between them are fetched as one: the head of one more answer is as long. */
#define COMMIT_GAP 512
/* Signatures in one file, nested ones included, and how deep they are nested. Two of each are seen. */
#define COMMIT_SIGNATURES_MAX 32
#define COMMIT_NESTED_MAX 4
/* A table of contents (xar), block map or manifest, unpacked. */
#define COMMIT_TABLE_MAX (8u * 1024 * 1024)
/* A sealed report is padded to a power of two between these (shared/report.md). Four exits with three certificates each take
 * some 24 KiB; the longest chains (CHAIN_BYTES_MAX for each exit) don't fit and are cut. It goes to the fetch role in one frame. */
#define REPORT_ENVELOPE_MIN 4096u
#define REPORT_ENVELOPE_MAX (128u * 1024)
/* A report as a file or mail: the same with indentation. */
#define REPORT_FILE_MAX (256u * 1024)
/* Exits of one report: candidates for the browser's own, and the others (K_MAX and replacements that answered). */
#define REPORT_FIRST_MAX CANDIDATES_MAX
#define REPORT_OTHERS_MAX 16
/* Of a downloaded file, the bytes that differ: for each exit, all ranges together (the bound), and their number. */
#define REPORT_RANGES_BYTES_MAX 4096
#define REPORT_RANGES_MAX 16
/* Flags of a relay in the consensus: a dozen exist. */
#define REPORT_FLAGS_MAX 16
#define REPORT_FLAG_MAX 24
/* Words of one report: why a chain is invalid (as in cert_answer), the command, a path with its query. */
#define REPORT_WHY_MAX 127
#define REPORT_COMMAND_MAX 511
#define REPORT_PATH_MAX 2047

#endif

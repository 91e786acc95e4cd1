// Addresses whose checksum is right and that are wrong all the same: encodings that are not the only one, lengths that lie, parts out of
// order. And the decoders beneath, base32 to F4Jumble.
// uses: host/parse/addr/*.c host/base/rd.c
// libs: -lcrypto -lsodium
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "parse/addr/addr.h"
#include "parse/addr/base32.h"
#include "parse/addr/base58.h"
#include "parse/addr/checks.h"
#include "parse/addr/f4jumble.h"

/* Made with noble-hashes for JavaScript, each with a right checksum. */
static const struct {
	bool valid;
	const char *coin, *form, *network, *what, *text;
} made[] = {
	{ true, "Zcash", "unified", "main",
	  "three receivers, in order",
	  "u14c52hata4n74ucfw37ty7r8mhl2zndwefa8sla3nrp08f2swdku5ywrsdufzdukktwa8xe6c44ywwz8zvd7aw5cdhshxacu4sdnt94m47ghtj9x43ytz0wt06grk4qz7utv4wycl5cy0r4r8rfufft54wa32t6ync0jhslpk42zkjv0xcqyyfc5uf7d89mlnez860443kyz9xjg5gew" },
	{ true, "Zcash", "unified", "main",
	  "one shielded receiver",
	  "u1val9lzghzerhczv709rvxhgj4lwfnpfqcjdwz47yqanzwyyzhpwlkamu7a0cr46ahpf9amhxnacccrpcts925vqf83uk9cgn7sn20l66" },
	{ true, "Zcash", "unified", "main",
	  "a type of tomorrow",
	  "u10jcn46tpswmt3l9h8mvvnphtr7fwpju6z5048v69nerspwwl76knqfc0v782mrkr9ufsqcj9zhq9l4hwd66hxuwqqwvvxqlde29vnvlc6x9d4ly9kl8skv7xd5w2alczx9gadyf055chg9jhnf30txn5uuq2gvsm" },
	{ true, "Zcash", "unified", "main",
	  "a type in three bytes",
	  "u1pm7eax5x2293ezl7e0n560cyhcnzw99znx0fks23dl2xwkmmn7f6a4zrl4euads8tn0nep4umzuhvuxznkz8j7c66n34cgx6x4a35tg6tdhf79vs0edk0ae8cdt9fq" },
	{ false, "Zcash", "unified", "main",
	  "types out of order",
	  "u14j5utupkw48sscyhjh3v4z6a7g0dkm46m4j27tf43s6r9s8nzw3t8x0frmnjvg6qq2qwza99dyn7jrl78jjh2d6dtcppasnt3sqgut0l6nnx0gn6zpkjykn95msdayr9yx6rhl3s9uuk8fcx988qkcrsgujtsvq0shqqylrknr7yg06x8d3lfwfam9f0lspz8nckw62mtyh5zrtf5dd" },
	{ false, "Zcash", "unified", "main",
	  "a type twice",
	  "u1w82djdgnsvj7uk88jdareh9xsn7cwumueewy8l94lx58pgjp5vkfrccvr26q6jg49t0wahj0drhsptvj3am8sddwvq707r9xsaf2u75fjes69kfvpqjd8yzmqlptn9qfyxg6aujtxrd6dvdt62ldfun5ezz6hz7qqfy33g7lpgv0djm9" },
	{ false, "Zcash", "unified", "main",
	  "only transparent, twice",
	  "u16thn3nj3m7n8d7ug3zr2h2tlrq089hvadgmlruf8yyevjydjjjhjdmnmjl08ywe9x5wkfyc58f7xy7f7z3cxwxq264jj4l488u526m" },
	{ false, "Zcash", "unified", "main",
	  "a key and a script, nothing shielded",
	  "u1h7gff8fekpc8975nyf7xzsgj6safrud3xerj7tzzl6mvqg9phvuvqhlqx2dn50a0weyk04jdfdc2unkvuq8392p9z8y70kq8fu074f" },
	{ false, "Zcash", "unified", "main",
	  "a key and a script",
	  "u1hlvnwjc5alkrft78ymcd8gsq69q2ktvjna5w2kp44h3f7rm4ff6ceskkwuj25yzh0yux6fe4ygtwjclju4xzuw9yknzprve35l589t9gnrpmgted3sec4j4vlu9njqxfpw22p65qxjs6rywwmc57948d5d97y5u7p8p65qd5djh0mp" },
	{ false, "Zcash", "unified", "main",
	  "a Sapling receiver of 42 bytes",
	  "u13wyyv58g5gghmlrzt8u4yr802aqq80wajxg2wh6j7mdmg4s0eqrkwf99f6whe2g9mpmv0sxa0gvv27gzclm35nqdkjz7rr6mvqn98gum4p34klfx0s8j4dhs59j56qr33aksg07knd" },
	{ false, "Zcash", "unified", "main",
	  "an Orchard receiver of 44 bytes",
	  "u1epm8ltmne2l9twkx3vvljzpkeddclak2zlvhh275xts0zhydk6n4h60g8ap6xue5jduac9dphtkm3nf9hzma5w6wprwucrzttr0qpa0rzn" },
	{ false, "Zcash", "unified", "main",
	  "a key hash of 21 bytes",
	  "u14gcsyrxx7gackq4s2n6qgezfemzc0m2nvf8t9fcj2g6v39nfe9wzp0a3d0yw8c7e2skyrr2w0qqa7theaskf55ewg42qmnguffc07n20nqhc6fflhd6cweefanw9ymkyw6l0svc0sgu4p" },
	{ false, "Zcash", "unified", "main",
	  "a length one too large",
	  "u1k83fchwy7t35v5f3r8gfhg4fpraaf47xjgp8gcgdwc9ldh6cqqnnew8d2slruje8g6tzyut23vdxx0rrxu8d35slnhfdyatqzq24dmv3zxcgy2fpu6lv0c347dqtssjg8t8uklhrqgdgl67va4lca7elyy5ypfpfw9dlt3x3lyt2w5vr" },
	{ false, "Zcash", "unified", "main",
	  "a type without a length",
	  "u1gy3am6phcryk2k87q00n5cs2c3xsnu45vmj7xulr9fqh78uyk035c9dap35y59tuwlcp23x4fz6ceqwdq2nffapc5m68apf46saq8ldp9u" },
	{ false, "Zcash", "unified", "main",
	  "a type not in its shortest form",
	  "u1gm02y20edqw08muvvf4qgj9fttel7asf4rlamc4lwfe0r839qu5620t2xuahrleklxfd5ake7lc7ree8gaqed99cwkl3t885fykac8a4tuety4kq4t68wdvruhx48qpfmmcnt8esd6avkzkq024v0jqphkxjz9sq7ngw7hpmq2ug26h3anf" },
	{ false, "Zcash", "unified", "main",
	  "a length not in its shortest form",
	  "u1fthglj8rp9skwsm02fvam44rqzennyvauqyfgqpgncfh005dfenx39dvhcsw75fgev4un6ymktaz7tpykn7kh9w97h4fs7ztv92g60ylsgg" },
	{ false, "Zcash", "unified", "main",
	  "a type in nine bytes",
	  "u16ee9jkdtt6f3qng9nswh0jpsfg4jr8naxa4zk3hy24r28y39j7cuhh0hgsn33gwsw2wctrkk3d25crkmecrp88kfc9e8hpfg88jpdvp9pn9sge03vjfhf4q6uy892rr7cgvk5u6c" },
	{ false, "Zcash", "unified", "main",
	  "a type over 0x2000000",
	  "u1xp59664e9x7t78jzukwng5un8670uwwj57v3alf22a8yya8az7e6z3kzjk636p2lc4ej936cjyc05jhhznn6q7qy3t3smfexz6zxdzfu7emhx3kfvdnygv9pg4nqlmcne7" },
	{ false, "Zcash", "unified", "main",
	  "padding of another network",
	  "u1qgg0cnczhu39cytps2clchgxdkm64k0p7ndylguwegvl69l6z9gww3tn3wkxw48yszqcytktkh246pwy5kpngmgmwhx0xnc2alhtcc9puxtnryjf0m2jgk478csl5hce3vzanlmwx7re5a2ldajv8rh7zvf4g74sj5c7dqg8funyr7qk" },
	{ false, "Zcash", "unified", "main",
	  "padding not of zeros",
	  "u129vp30tfqk6rghrxvy6vm7fz6rpzxrc765re85ggxnccdvkxnpp8ypc0l3nua3m7t5ruttplzj57kwvv4qgytd9wdjug0gg9f4uaw7kee4ghanl9dvvpr3j3dql0xp5gwhv3jfp8lne2ffgp72r9cl24tqpzmqxrajkva0vax5smjq25" },
	{ false, "Zcash", "unified", "main",
	  "bech32 in place of bech32m",
	  "u1axpp6qnhj2yj9nn3v9w02ud9zahpehsrw349j5qls5xgpmvm3l8jpfnswthg8x2fdc4vxr9wsdrr6uvcpqsyc0qvej554l4mk9k0ug87626nzfryvhwntz9hgqq2eepsx0c6hrkylpagjm5pcgknsa5ga62cw8hkl9ue6d9dhys9smp8" },
	{ true, "Cardano", "Byron, Icarus", "main",
	  "root, no attributes, a key",
	  "Ae2tdPwUPEZCWRf2GXdo2AL8pJHtYe4CNcxV3X7tCxGv99aVBektRF18ybe" },
	{ true, "Cardano", "Byron, Icarus", "main",
	  "a derivation path",
	  "DdzFFzCqrhszNFwMkvyy1K2LZqsDGPMAsAVjBLBbCJVWHptwFuNRRxd93LbEuXFvNpSLrHnQVWvHgDDYr818L7KFj378mUBh2K162m7s" },
	{ true, "Cardano", "Byron, Icarus", "main",
	  "a redemption key",
	  "Ae2tdPwUPEZCWRf2GXdo2AL8pJHtYe4CNcxV3X7tCxGv99aVBekuQxk5rXW" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a type that is none",
	  "Ae2tdPwUPEZCWRf2GXdo2AL8pJHtYe4CNcxV3X7tCxGv99aVBekuupcaduU" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a root of 27 bytes",
	  "3Bf3BWfUXmSEsVN7rizXkEg3w45j5LDaEwV5EYHfczZNHj5wMSRSrcDFuN" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a root of 29 bytes",
	  "jYTLseJK1m3gAtfWsqRTyiERG8zceFua5nThiEm4tdsL1AEXbVuGWucV6SiF" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "another checksum",
	  "Ae2tdPwUPEZCWRf2GXdo2AL8pJHtYe4CNcxV3X7tCxGv99aVBektRF18ybd" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "another tag",
	  "Ae2tr7hYAE9Df55tfabcNgQpDerPTSd2REG82QPo11BAuFfRKJGpcxhhDEG" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a byte too many",
	  "jYTLseFRs8q7nsppbYDQ88BTVmKYWeZ7CRhtn7wP1kyFYxroQ1ehwzocCotK" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a byte too many inside",
	  "jYTLseJK1m2fsQu3cBuxy29JuUsZzrYPBi2cJrJRZum2ceTG9iv2eC73pt3g" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "an array of four",
	  "Ae2tdPwUXpBmfnZCRSmmYB6gthBgijYSopcKTnr3eaQUbVfyfQUAkPHkz1D" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a length not in its shortest form",
	  "jYTLsqJz9VE3mVMTBNCTRxxqt2G5FHqfQoDyXTnHfLxnqZ2D7QUsx7qcnZdr" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a type not in its shortest form",
	  "jYTLseJK1m2fsQu3cBuxy29JuUsZzrYPBi2cJrJRZum2ceTG9ivwPiwLuJS9" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a negative type",
	  "Ae2tdPwUPEZCWRf2GXdo2AL8pJHtYe4CNcxV3X7tCxGv99aVBemAMT4iQZ6" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "attributes out of order",
	  "YQdiVKZwx4SXifnyMSuiF6w4bLJfSEnJ4A2JowxMvqLKiS3qvh2kyocm8Eok89prYmseYGf" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "an attribute twice",
	  "oZetEZK7dmmBN612RoRo5JwX9qh5pqqQLPjV8UKxMF2qi7w59qWNpjCiQfaXMe15umkYmUPxKpH" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "an attribute that is none",
	  "NBimUZYpm3GB9jWcZGoY2VxmrrkzqFvX4GoYEnawN2SU6JApZ1cQSpx3RXxpipsdsb6" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "fewer attributes than said",
	  "Ae2tdPwUPEZCWRf2GXdo2AL8pJHtYe4CNcxV3X7tCxGv99aVBeo5u6r2KZq" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a map of no length",
	  "Ae2tdPwUPEZCWRf2GXdo2AL8pJHtYe4CNcxV3X7tCxGv99aVBfw2KC7x9Rg" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "bytes of no length",
	  "3Bf3BbVBZ6QA68coS1sA7mNvzrYGWLTmM1affzrL93N89knZipiezeH66C" },
	{ false, "Cardano", "Byron, Icarus", "main",
	  "a test network in two pieces",
	  "2657WMsDfac6hzFMC1b3T5rCFX7WCifE4E1idsNfu1JmMAC8bSNZwNtcNEpopEc45" },
	{ true, "XRP Ledger", "X-address", "main",
	  "no tag",
	  "XVcf5pdL6MwZrB2czQWVcfEuwPLcJaraiabaa8MNvUqqwTS" },
	{ true, "XRP Ledger", "X-address", "main",
	  "a tag",
	  "X7VmshS42f93NemBZ6zP14GVtbWeZV9Nb6G6ArGBoPYa9ek" },
	{ false, "XRP Ledger", "X-address", "main",
	  "a tag without its flag",
	  "XVeBJgYsXuFu9k3KB5Km8KcyJH3aiaNGrPxxjADRznPW5Tf" },
	{ false, "XRP Ledger", "X-address", "main",
	  "a tag of 40 bits",
	  "XVYGHGc2drp14LXHgVNoYb7eBiuPJfrGERsaRQMzoRCZ12S" },
	{ false, "XRP Ledger", "X-address", "main",
	  "a tag of 64 bits",
	  "XVTHKGJWA2UGrMYjVFSq16Wc13zHK5WqDMK9gusmoCZvUf2" },
	{ false, "XRP Ledger", "X-address", "main",
	  "a flag that is none",
	  "XVM3eNb9t3xZ2H8vEJd85ffDVinVSzbwxWXUvyaW6HkGozJ" },
	{ true, "Hedera", "account with checksum", "main",
	  "as it should be",
	  "0.0.4281-lofjl" },
	{ true, "Hedera", "account with checksum", "main",
	  "the account 0",
	  "0.0.0-uvnqa" },
	{ false, "Hedera", "account with checksum", "main",
	  "a leading zero",
	  "0.0.04281-napbl" },
	{ false, "Hedera", "account with checksum", "main",
	  "two zeros",
	  "0.0.00-lhgca" },
	{ false, "Hedera", "account with checksum", "main",
	  "four numbers",
	  "0.0.4281.7-kmfpw" },
	{ false, "Hedera", "account with checksum", "main",
	  "a dot at the end",
	  "0.0.42.-vftem" },
	{ false, "Hedera", "account with checksum", "main",
	  "an empty number",
	  "0.0..42-mlclw" },
	{ false, "Hedera", "account with checksum", "main",
	  "eleven digits",
	  "0.0.42817777777-srpku" },
	{ true, "Toncoin", "bounceable, base64url", "main",
	  "as it should be",
	  "EQBYY2AcvK-OFzQ-g1TGHu4luZCmX33BQPJCA_VrXZKA5-5E" },
	{ true, "Toncoin", "bounceable, base64", "main",
	  "the other base64",
	  "EQBYY2AcvK+OFzQ+g1TGHu4luZCmX33BQPJCA/VrXZKA5+5E" },
	{ false, "Toncoin", "bounceable, base64url", "main",
	  "both base64s",
	  "EQBYY2AcvK+OFzQ-g1TGHu4luZCmX33BQPJCA_VrXZKA5-5E" },
	{ false, "Toncoin", "bounceable, base64", "main",
	  "both base64s",
	  "EQBYY2AcvK+OFzQ-g1TGHu4luZCmX33BQPJCA_VrXZKA5-5E" },
	{ false, "Toncoin", "bounceable, base64url", "main",
	  "a test network",
	  "kQA_LR9nY-SXJGd9l8jOek1TgTjzaZpoTdvo2cKxGWSVrZiS" },
	{ false, "Toncoin", "bounceable, base64url", "main",
	  "workchain 1",
	  "EQFqdVPqb0UZW4x9S-N75ICbitRqpAo1C2z2ZnvOghzMiWIH" },
	{ false, "Toncoin", "bounceable, base64url", "main",
	  "another flag",
	  "MQCpWVTeH2_CXK1c2yGAgXPSavf_H9Mw3nHINfrVMy6IDCML" },
	{ true, "Stacks", "P2PKH", "main",
	  "as it should be",
	  "SP0DJ9FAKRC7AF8CHGGPC1D3C3WDEF8QP43C0PZV" },
	{ false, "Stacks", "P2PKH", "main",
	  "a zero more",
	  "SP00DJ9FAKRC7AF8CHGGPC1D3C3WDEF8QP43C0PZV" },
	{ false, "Stacks", "P2PKH", "main",
	  "a zero less",
	  "SPDJ9FAKRC7AF8CHGGPC1D3C3WDEF8QP43C0PZV" },
	{ true, "Stacks", "P2PKH", "main",
	  "as it should be",
	  "SPKVBADA060W569B84ARTS2CZA2C8HSFF6ZBDBS" },
	{ false, "Stacks", "P2PKH", "main",
	  "a zero more",
	  "SP0KVBADA060W569B84ARTS2CZA2C8HSFF6ZBDBS" },
	{ true, "Stacks", "P2PKH", "main",
	  "as it should be",
	  "SP1ZQMQ5GW1DYH5DS4PQTBZ7XAZ548SE7W5TV6RJ4" },
	{ false, "Stacks", "P2PKH", "main",
	  "a zero more",
	  "SP01ZQMQ5GW1DYH5DS4PQTBZ7XAZ548SE7W5TV6RJ4" },
	{ true, "Stacks", "P2PKH", "main",
	  "as it should be",
	  "SP0010ER9EYJZJKKER02ZP1WZNFM6AWPWNRBZ662" },
	{ false, "Stacks", "P2PKH", "main",
	  "a zero more",
	  "SP00010ER9EYJZJKKER02ZP1WZNFM6AWPWNRBZ662" },
	{ false, "Stacks", "P2PKH", "main",
	  "a zero less",
	  "SP010ER9EYJZJKKER02ZP1WZNFM6AWPWNRBZ662" },
	{ true, "Filecoin", "f4 (delegated)", "main",
	  "as it should be",
	  "f410fs7ixbkkp54dtcry6rejr6xjmysdy5nngojq7hhi" },
	{ true, "Filecoin", "f4 (delegated)", "main",
	  "an actor in two bytes",
	  "f4300fqoxipftcczsstjdyvhdrxcuacnb7cc4icdixsmq" },
	{ true, "Filecoin", "f4 (delegated)", "main",
	  "the actor 0",
	  "f40flvvvjyw3bg2eu36cy4kohuhliwzjxymp5q4we6a" },
	{ true, "Filecoin", "f4 (delegated)", "main",
	  "the longest",
	  "f432frnxtl6mv2wyznkxivrq7t5wjpuuekyxolbttk7lsxdznloqq4ehxdqn7vcmn2ujnxpvqrbcppagkloe4z2yrrhago3fpk" },
	{ false, "Filecoin", "f4 (delegated)", "main",
	  "a leading zero",
	  "f4010fcypo2abftzzbtxawkweha6eey6ria7z2bcu2amy" },
	{ false, "Filecoin", "f4 (delegated)", "main",
	  "a byte too long",
	  "f410f6miuvx4pa4f5ppuljcn5yjxqaumlwox3yfdfqthsfepvd4f4izw675luyczqrlouygl7tnwsc3doxdf2axfh3tkeiawplzi" },
	{ false, "Filecoin", "f4 (delegated)", "main",
	  "no actor",
	  "f4fgckmrudpatnl5xyfap3mjkjipshi5svoe6lymky" },
	{ false, "Filecoin", "f4 (delegated)", "main",
	  "nothing of it",
	  "f410fbtt5w6q" },
	{ true, "Internet Computer", "principal of a user", "main",
	  "as it should be",
	  "pijtc-2cqrl-hbmhx-rruo4-f7dkg-2tw4m-3c2dz-4wrap-ammdl-ywcml-wqe" },
	{ false, "Internet Computer", "principal of a user", "main",
	  "another kind",
	  "vu5xq-sdf6k-ooc5e-cqmlx-wrz2z-y2tpv-uijuh-nyvif-zoe26-ebtii-sqi" },
	{ false, "Internet Computer", "principal of a user", "main",
	  "a dash less",
	  "pijtc2cqrl-hbmhx-rruo4-f7dkg-2tw4m-3c2dz-4wrap-ammdl-ywcml-wqe" },
	{ false, "Internet Computer", "principal of a user", "main",
	  "a dash elsewhere",
	  "pijtc2-cqrl-hbmhx-rruo4-f7dkg-2tw4m-3c2dz-4wrap-ammdl-ywcml-wqe" },
	{ true, "Nano", "account", "main",
	  "as it should be",
	  "nano_3njaqrc93ts7f9okwcwu3iq7teyyzo3gswahedxenfrih7zhdmsujyo4rwpp" },
	{ false, "Nano", "account", "main",
	  "a key of more than 256 bits",
	  "nano_5njaqrc93ts7f9okwcwu3iq7teyyzo3gswahedxenfrih7zhdmsujyo4rwpp" },
	{ false, "Nano", "account", "main",
	  "a key of more than 256 bits",
	  "nano_7njaqrc93ts7f9okwcwu3iq7teyyzo3gswahedxenfrih7zhdmsujyo4rwpp" },
	{ false, "Nano", "account", "main",
	  "a key of more than 256 bits",
	  "nano_jnjaqrc93ts7f9okwcwu3iq7teyyzo3gswahedxenfrih7zhdmsujyo4rwpp" },
	{ true, "Monero", "standard", "main",
	  "as it should be",
	  "4B4aDYSmn4qHAhgZXviHnELX3mnUhvzXrZK6EqzqzUQsZ8PXEfJjEfdCzNBRGnygmfGMCUvQG6KGHcLqxEsCLscVUMzg5ku" },
	{ false, "Monero", "standard", "main",
	  "a block that is itself and 2^64",
	  "4B4aDYSmn4qHAhgZXviHnELX3mnUhvzXrZK6EqzqzUQsZ8PXEfJjEfdwotNyvRFMG5GMCUvQG6KGHcLqxEsCLscVUMzg5ku" },
	{ false, "Monero", "standard", "main",
	  "a last block of more than five bytes",
	  "4B4aDYSmn4qHAhgZXviHnELX3mnUhvzXrZK6EqzqzUQsZ8PXEfJjEfdCzNBRGnygmfGMCUvQG6KGHcLqxEsCLscVyFAkaHX" },
	{ true, "Ethereum", "ICAP", "main",
	  "a first byte of zero",
	  "XE720FU4P5F47E5SMR446GP1DYOH7J8KGX" },
	{ true, "Ethereum", "ICAP", "main",
	  "any address",
	  "XE2323HN130MXO7BOMXJ9OYIEI9R1LWIE7R" },
	{ false, "Ethereum", "ICAP", "main",
	  "a zero more",
	  "XE7200FU4P5F47E5SMR446GP1DYOH7J8KGX" },
	{ false, "Ethereum", "ICAP", "main",
	  "more than 160 bits",
	  "XE50TWYZ37J00EOEI9VKB6QA10ECRW4CHPD" },
	{ false, "Ethereum", "ICAP", "main",
	  "the name of an exchange",
	  "XE81ETHXREGGAVOFYORK" },
	{ true, "Starknet", "checksummed", "main and test",
	  "the largest first byte",
	  "0x07E8a682933f183d0F4eCaE16f1a2b681c808c6D1977a3A802D3680C938bF3CD" },
	{ false, "Starknet", "checksummed", "main and test",
	  "2^251 and more",
	  "0x08719CAFdbEbFd3a050a9a3E7f2Cc83538233440c63e4157ba6c030C543d094D" },
	{ true, "Starknet", "checksummed", "main and test",
	  "leading zeros",
	  "0x0000037586ee8Ad8a08aEA1fD8ec188C20870541dCDA9015Feea858B23FFE75D" },
	{ true, "Casper", "public key, secp256k1", "main and test",
	  "a compressed key",
	  "0203634dE0936Bd8F7f1edCDE2c56370faEDde46CeC0B05c827F0F6C5dd7a475ff5e" },
	{ false, "Casper", "public key, secp256k1", "main and test",
	  "a key that is not compressed",
	  "0204403769eb0F52de8cbCbF5463CB6B90F0901F3248B5Bf9acAD3dC609A37E32823" },
};

static const struct addr_row *row_of(const char *coin, const char *form, const char *network)
{
	for (size_t i = 0; i < addr_rows_n; i++)
		if (strcmp(addr_rows[i].coin, coin) == 0 && strcmp(addr_rows[i].form, form) == 0 && strcmp(addr_rows[i].network, network) == 0)
			return &addr_rows[i];
	fail_msg("no row: %s %s %s", coin, form, network);
	return NULL;
}

/* Runs the check alone, on a block of exactly the text's size. */
static bool takes(const struct addr_row *row, const char *text)
{
	size_t n = strlen(text);
	if (n > row->len_max || n < row->len_min)
		return false;
	char *exact = malloc(n);
	assert_non_null(exact);
	memcpy(exact, text, n);
	bool is = row->check(row, exact, n);
	free(exact);
	return is;
}

static void a_right_checksum_is_not_enough(void **state)
{
	(void)state;
	size_t valid = 0;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		struct addr_row row = *row_of(made[i].coin, made[i].form, made[i].network);
		/* Byron's lengths follow from what is inside, which is what is lied about here. */
		if (row.check == addr_check_byron)
			row.len_min = 1, row.len_max = BASE58_TEXT_MAX;
		if (takes(&row, made[i].text) != made[i].valid)
			fail_msg("%s, %s: %s %s", row.coin, made[i].what, made[i].text, made[i].valid ? "is refused" : "is taken");
		valid += made[i].valid;
	}
	assert_true(valid >= 25);
}

static bool decodes32(const char *s)
{
	uint8_t out[64];
	size_t len = 99;
	bool ok = base32_decode(base32_rfc, s, strlen(s), out, sizeof out, &len);
	assert_true(ok == (len != 99));
	return ok;
}

/* RFC 4648 section 10 without the padding, and what is one letter away from it. */
static void base32_has_one_form(void **state)
{
	(void)state;
	uint8_t out[8];
	size_t len;
	static const struct { const char *bytes, *text; } vectors[] = {
		{ "", "" }, { "f", "MY" }, { "fo", "MZXQ" }, { "foo", "MZXW6" }, { "foob", "MZXW6YQ" }, { "fooba", "MZXW6YTB" },
	};
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		size_t n = strlen(vectors[i].bytes);
		assert_true(base32_decode(base32_rfc, vectors[i].text, strlen(vectors[i].text), out, n, &len));
		assert_int_equal(len, n);
		assert_memory_equal(out, vectors[i].bytes, n);
		if (n > 0)
			assert_false(base32_decode(base32_rfc, vectors[i].text, strlen(vectors[i].text), out, n - 1, &len));
	}
	static const char *const wrong[] = { "M", "MZX", "MZXW6Y", "MZ", "MZXR", "MZXW7", "MZXW6YR", "mY", "M1", "M=", "M Y" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (decodes32(wrong[i]))
			fail_msg("%s is decoded", wrong[i]);
	assert_int_equal(base32_value(base32_nano, 'z'), 31);
	assert_int_equal(base32_value(base32_nano, '0'), -1);
	assert_int_equal(base32_value(base32_nano, '\0'), -1);
}

static void base64_has_one_form(void **state)
{
	(void)state;
	uint8_t out[8];
	size_t len;
	assert_true(base64_decode(true, "-_8", 3, out, sizeof out, &len));
	assert_int_equal(len, 2);
	assert_true(out[0] == 0xfb && out[1] == 0xff);
	assert_true(base64_decode(false, "+/8", 3, out, sizeof out, &len));
	assert_false(base64_decode(false, "-_8", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "+/8", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "-/8", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "-_9", 3, out, sizeof out, &len));
	assert_false(base64_decode(true, "A", 1, out, sizeof out, &len));
	assert_false(base64_decode(true, "AA==", 4, out, sizeof out, &len));
	assert_false(base64_decode(true, "AAAA", 4, out, 2, &len));
	assert_true(base16_decode("0aFf", 4, out, sizeof out, &len));
	assert_true(len == 2 && out[0] == 0x0a && out[1] == 0xff);
	assert_false(base16_decode("0aF", 3, out, sizeof out, &len));
	assert_false(base16_decode("0g", 2, out, sizeof out, &len));
	assert_false(base16_decode("0a0a", 4, out, 1, &len));
}

/* The first of zcash-test-vectors, f4jumble.json: plain, jumbled. */
static const struct { const char *plain, *jumbled; } jumbles[] = {
	{ "5d7a8f739a2d9e945b0ce152a8049e294c4d6e66b164939daffa2ef6ee6921481cdd86b3cc4318d9614fc820905d042b",
	  "0304d029141b995da5387c125970673504d6c764d91ea6c082123770c7139ccd88ee27368cd0c0921a0444c8e5858d22" },
	{ "b1ef9ca3f24988c7b3534201cfb1cd8dbf69b8250c18ef41294ca97993db546c1fe01f7e9c8e36d6a5e29d4e30a73594bf5098421c69378af1e40f64e125946f",
	  "5271fa3321f3adbcfb075196883d542b438ec6339176537daf859841fe6a56222bff76d1662b5509a9e1079e446eeedd2e683c31aae3ee1851d7954328526be1" },
	{ "62c2fa7b2fecbcb64b6968912a6381ce3dc166d56a1d62f5a8d7551db5fd9313e8c7203d996af7d477083756d59af80d06a745f44ab023752cb5b406ed8985e1"
	  "8130ab33362697b0e4e4c763ccb8f676495c222f7fba1e31defa3d5a57efc2e1e9b01a035587d5fb1a38e01d94903d3c3e0ad3360c1d3710acd20b183e31d49f",
	  "498cf1b1ba6f4577effe64151d67469adc30acc325e326207e7d78487085b4162669f82f02f9774c0cc26ae6e1a76f1e266c6a9a8a2f4ffe8d2d676b1ed71cc4"
	  "7195a3f19208998f7d8cdfc0b74d2a96364d733a62b4273c77d9828aa1fa061588a7c4c88dd3d3dde02239557acfaad35c55854f4541e1a1b3bc8c17076e7316" },
};

static void f4jumble_is_undone(void **state)
{
	(void)state;
	uint8_t plain[128], bytes[128];
	size_t n, len;
	for (size_t i = 0; i < sizeof jumbles / sizeof *jumbles; i++) {
		assert_true(base16_decode(jumbles[i].plain, strlen(jumbles[i].plain), plain, sizeof plain, &n));
		assert_true(base16_decode(jumbles[i].jumbled, strlen(jumbles[i].jumbled), bytes, sizeof bytes, &len));
		assert_true(n == len && f4jumble_inverse(bytes, n));
		assert_memory_equal(bytes, plain, n);
		/* One bit turned turns about half of them. */
		bytes[n - 1] ^= 1;
		assert_true(f4jumble_inverse(bytes, n));
		assert_memory_not_equal(bytes, plain, n);
	}
	uint8_t *large = calloc(1, 64 * 256 + 1);
	assert_non_null(large);
	for (n = 0; n < 48; n++)
		assert_false(f4jumble_inverse(large, n));
	assert_false(f4jumble_inverse(large, 64 * 256 + 1));
	for (size_t i = 0; i < 64 * 256 + 1; i++)
		assert_int_equal(large[i], 0);
	assert_true(f4jumble_inverse(large, 64 * 256));
	free(large);
}

/* What has no checksum: words, constants and names that programs are full of are none of them. */
static void structure_alone_is_strict(void **state)
{
	(void)state;
	static const struct { const char *coin, *form, *text; } no[] = {
		{ "Ethereum", "hexadecimal, one case", "0x0000000000000000000000000000000000000000" },
		{ "Ethereum", "hexadecimal, one case", "0xffffffffffffffffffffffffffffffff7fffffff" },
		{ "Ethereum", "hexadecimal, one case", "0x000000001234567890abcdef1234567890abcdef" },
		{ "Ethereum", "hexadecimal, one case", "0x0123401234012340123401234012340123401234" },
		{ "Ethereum", "hexadecimal, one case", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" },
		{ "Ethereum", "EIP-55", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed" },
		{ "Aptos", "account", "0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff" },
		{ "Aptos", "account", "0x0000000000000000000000000000000000000000000000000000000000000001" },
		{ "Internet Computer", "account", "807077e900000000000000000000000000000000000000000000000000000000" },
		{ "Solana", "account", "11111111111111111111111111111111111111111111" },
		{ "Solana", "account", "getNameWithPrefixFromRegistryWhenReadyAndSet" },
		{ "Solana", "account", "AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN3zzz" },
		{ "Arweave", "account", "xmlSecTransformGost2001GostR3411_94GetKlass" },
		{ "Arweave", "account", "_ZNKSt11__timepunctIcE15_M_date_formatsEPPK" },
		{ "Arweave", "account", "Hexagon_v16i32_v16i32v16i32v16i32_Intrinsic" },
		{ "Arweave", "account", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		/* The last letter's spare bits. */
		{ "Arweave", "account", "GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xl" },
	};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		const struct addr_row *row = NULL;
		for (size_t k = 0; k < addr_rows_n && row == NULL; k++)
			if (strcmp(addr_rows[k].coin, no[i].coin) == 0 && strcmp(addr_rows[k].form, no[i].form) == 0 &&
			    strncmp(no[i].text, addr_rows[k].prefix, strlen(addr_rows[k].prefix)) == 0)
				row = &addr_rows[k];
		assert_non_null(row);
		if (takes(row, no[i].text))
			fail_msg("%s %s takes %s", row->coin, row->form, no[i].text);
	}
}

/* 64 digits are a digest like any other, unless NEAR is spoken of. */
static void near_wants_its_name_near(void **state)
{
	(void)state;
	static struct addr_hits hits;
	static const struct { const char *text; size_t n; } texts[] = {
		{ "9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 0 },
		{ "sha256: 9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249  file.tar", 0 },
		{ "near:9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 1 },
		{ "NEAR: 9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 1 },
		{ "https://nearblocks.io/address/9685af3fe2dc231e5069ccff8ec6950eb961d42ebb9116a8ab9c0d38f9e45249", 1 },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		addr_scan((const uint8_t *)texts[i].text, strlen(texts[i].text), &hits);
		if (hits.n != texts[i].n)
			fail_msg("%zu found in %s", hits.n, texts[i].text);
	}
}

/* What stands between dots is a part of a token or of a name, not a bare key. */
static void a_token_is_no_address(void **state)
{
	(void)state;
	static struct addr_hits hits;
	static const struct { const char *text; size_t n; } texts[] = {
		{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk", 0 },
		{ "It is GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk.", 1 },
		{ "_GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk_", 1 },
		{ "xy-GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk", 0 },
		{ "GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk_a", 0 },
		{ "GRQ7swQO1AMyFgnuAPI7AvGQlW3lzuQuwlJbIpWV7xk=", 0 },
		{ "AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN32Q=", 0 },
		{ "ab/AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN32Q", 0 },
		{ "solana:AHy6YZA8BsHgQfVkk7MbwpAN94iyN7Nf1zN4nPqUN32Q?amount=1", 1 },
		/* What is cut at the marks of another family is in a longer word all the same. */
		{ "Uf_N_sZ9X0k8i2bikX9nLoQolP3ub-Htw7sOTwoPPylJcvTA", 1 },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		addr_scan((const uint8_t *)texts[i].text, strlen(texts[i].text), &hits);
		if (hits.n != texts[i].n)
			fail_msg("%zu found in %s", hits.n, texts[i].text);
	}
	assert_string_equal(hits.hit[0].row->coin, "Toncoin");
}

/* An onion service in a URL: whatever stands before and behind its name. */
static void onions_are_found_in_urls(void **state)
{
	(void)state;
	static struct addr_hits hits;
	static const char name[] = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
	static const char *const before[] = { "", "http://", "https://www.", "http://mail.a-b.", "(" }, *const behind[] = { "", "/", ":8080/x", ".", "?q=1", ")" };
	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		for (size_t k = 0; k < sizeof behind / sizeof *behind; k++) {
			char text[160];
			size_t n = (size_t)snprintf(text, sizeof text, "%s%s%s", before[i], name, behind[k]);
			addr_scan((const uint8_t *)text, n, &hits);
			if (hits.n != 1 || hits.hit[0].offset != strlen(before[i]) || strcmp(hits.hit[0].text, name) != 0)
				fail_msg("%zu found in %s", hits.n, text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_checksum_is_not_enough),
		cmocka_unit_test(base32_has_one_form),
		cmocka_unit_test(base64_has_one_form),
		cmocka_unit_test(f4jumble_is_undone),
		cmocka_unit_test(structure_alone_is_strict),
		cmocka_unit_test(near_wants_its_name_near),
		cmocka_unit_test(a_token_is_no_address),
		cmocka_unit_test(onions_are_found_in_urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

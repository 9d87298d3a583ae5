/* sign.h: signatures of messages, HMAC-SHA256 (RFC 2104) written in base64. */
#ifndef FOOTPLATE_NET_SIGN_H
#define FOOTPLATE_NET_SIGN_H

#include <stddef.h>

enum { SIGN_TEXT_BYTES = 45 };

/* 0, or ERR_FAIL where the library cannot; then dst is "". */
int sign_hmac_sha256(const char *key, size_t key_len, const char *data, size_t len, char dst[SIGN_TEXT_BYTES]);

#endif

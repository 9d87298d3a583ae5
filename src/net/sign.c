/* sign.c: HMAC-SHA256 by libcrypto. What is signed, and by whom, is not known here. */
#include "config.h"

#include "net/sign.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/err.h"

int sign_hmac_sha256(const char *key, size_t key_len, const char *data, size_t len, char dst[SIGN_TEXT_BYTES])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    dst[0] = '\0';
    if (key_len > INT_MAX ||
        !HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)data, len, mac, &n) || n != 32)
        return ERR_FAIL;
    EVP_EncodeBlock((unsigned char *)dst, mac, (int)n);
    return 0;
}

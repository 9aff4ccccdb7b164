#include "uuid_named.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

const struct uuid uuid_name_space_url = {{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80,
                                          0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};

static void set_version(struct uuid *uuid, unsigned char version)
{
    uuid->bytes[6] = (unsigned char)((uuid->bytes[6] & 0x0f) | version << 4);
    uuid->bytes[8] = (unsigned char)((uuid->bytes[8] & 0x3f) | 0x80);
}

void uuid_from_name(const struct uuid *name_space, const char *name, size_t length,
                    struct uuid *uuid)
{
    unsigned char hash[SHA_DIGEST_LENGTH];
    struct buffer text = {0};

    buffer_add(&text, name_space->bytes, sizeof name_space->bytes);
    buffer_add(&text, name, length);
    SHA1((const unsigned char *)text.data, text.length, hash);
    buffer_free(&text);
    memcpy(uuid->bytes, hash, sizeof uuid->bytes);
    set_version(uuid, 5);
}

void uuid_from_chance(struct uuid *uuid)
{
    arc4random_buf(uuid->bytes, sizeof uuid->bytes);
    set_version(uuid, 4);
}

#include "utf8.h"

/* What may follow a first byte: how many bytes the character has and the range of its second
 * byte. The ranges shut out over-long forms, surrogates and what lies above U+10FFFF; every
 * later byte is 80 to BF. */
struct lead {
    unsigned char first;
    unsigned char last;
    unsigned char size;
    unsigned char second_first;
    unsigned char second_last;
};

static const struct lead leads[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const char replacement[] = "\xef\xbf\xbd";

static const struct lead *find_lead(unsigned char byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

bool utf8_decode(const char *bytes, size_t length, uint32_t *code_point, size_t *size)
{
    const unsigned char *in = (const unsigned char *)bytes;
    const struct lead *lead = find_lead(in[0]);

    *size = 1;
    if (lead == NULL)
        return false;
    /* A first byte of n bytes has n ones and a zero on top, one byte only the zero. */
    uint32_t value = lead->size == 1 ? in[0] : in[0] & (0x7fU >> lead->size);
    unsigned char low = lead->second_first;
    unsigned char high = lead->second_last;
    for (; *size < lead->size; ++*size) {
        if (*size == length || in[*size] < low || in[*size] > high)
            return false;
        value = value << 6 | (in[*size] & 0x3fU);
        low = 0x80;
        high = 0xbf;
    }
    *code_point = value;
    return true;
}

void utf8_add_lossy(struct buffer *buffer, const char *bytes, size_t length)
{
    size_t start = 0; /* of the well-formed run that is not in the buffer yet */
    size_t at = 0;

    while (at < length) {
        uint32_t code_point;
        size_t size;

        if (!utf8_decode(bytes + at, length - at, &code_point, &size)) {
            buffer_add(buffer, bytes + start, at - start);
            buffer_add_text(buffer, replacement);
            start = at + size;
        }
        at += size;
    }
    buffer_add(buffer, bytes + start, length - start);
}

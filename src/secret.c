#include "secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *secret_read(const char *path, char secret[SECRET_SIZE])
{
    struct stat status;
    char line[SECRET_SIZE + 2] = ""; /* room for the end of the longest line */
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return "names a file that cannot be read";

    bool is_open = fstat(fileno(file), &status) != 0 || (status.st_mode & S_IRWXO) != 0;

    line[fread(line, 1, sizeof line - 1, file)] = '\0';
    fclose(file);
    if (is_open)
        return "names a file that others may use: take all their rights to it";

    size_t length = strcspn(line, "\r\n");

    if (length < SECRET_SHORTEST || length >= SECRET_SIZE)
        return "names a file whose first line has not between 16 and 255 bytes";
    memcpy(secret, line, length);
    secret[length] = '\0';
    return NULL;
}

bool secret_matches(const char *given, const char *secret)
{
    size_t length = strlen(secret);
    size_t given_length = given == NULL ? 0 : strlen(given);
    volatile unsigned char difference = given_length != length;

    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(secret[i] ^ (i < given_length ? given[i] : 0));
    return difference == 0;
}

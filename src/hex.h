/* Hexadecimal digits. */
#ifndef TALLY_HEX_H
#define TALLY_HEX_H

/* The value of a digit in either case, or -1 where it is none. */
int hex_value(char digit);

#endif

#include "login_advice.h"

#include <stddef.h>
#include <string.h>

/* The first row that fits counts: the SQLSTATE is that, or begins like that, and the reason has
 * these words in it. The last one fits all. */
static const struct {
    const char *sqlstate;
    const char *words;
    const char *advice;
} rows[] = {
    {"28P01", "no password supplied",
     "the server wants a password: name a file with it as passfile"},
    {"28", "pg_hba.conf",
     "pg_hba.conf on the server has no line that lets this role in from here: add one, and "
     "reload PostgreSQL"},
    {"28P01", "",
     "the password is not that of the role: mend the passfile, or alter role ... password"},
    {"28000", "Peer authentication",
     "on the socket an account is let in as the role of its own name alone: run "
     "this as the account of the workers, or map it in pg_ident.conf"},
    {"28000", "does not exist",
     "make the role, create role ... login, and run sql/grants.sql for it; or mend user "
     "in [database]"},
    {"28000", "not permitted to log in", "alter role ... login"},
    {"28", "", "the role, its password and pg_hba.conf on the server do not fit together"},
    {"3D000", "",
     "there is no such database on this server: mend dbname in [database], or host and port (psql "
     "-l "
     "lists what is there)"},
    {"42501", "", "grant connect on database ... to the role"},
    {"53300", "",
     "all connections of the server are taken: each worker of each pool needs one, see "
     "max_connections "
     "in postgresql.conf and the role's connection limit"},
    {"57P", "", "the server is starting or stopping: ask again in a moment"},
    {"", "No such file or directory",
     "no server has a socket there: is PostgreSQL running? host is the folder of "
     "its socket, /var/run/postgresql on Debian"},
    {"", "Connection refused",
     "nothing listens there: is PostgreSQL running? On another machine, "
     "listen_addresses in its postgresql.conf must let it listen"},
    {"", "could not translate host name", "the name in host has no address"},
    {"", "Name or service not known", "the name in host has no address"},
    {"", "name resolution", "the name server does not answer: put an address into host"},
    {"", "it is a standby",
     "target in [database] asks for another kind of server than host leads to"},
    {"", "it is a primary",
     "target in [database] asks for another kind of server than host leads to"},
    {"", "ermission denied", "this account, or the sandbox of its unit, may not open that"},
    {"", "connect_timeout",
     "nothing answers: a firewall, IPAddressDeny in the unit, or a server that hangs"},
    {"", "timeout expired",
     "nothing answers: a firewall, IPAddressDeny in the unit, or a server that hangs"},
    {"", "nreachable",
     "there is no way to that address: the network, a firewall, or IPAddressDeny in the unit"},
    {"", "definition of service", "service in [database] is in no service file"},
    {"", "SSL",
     "TLS is not as sslmode in [database] wants it: the server's certificate, its name, or ssl in "
     "postgresql.conf"},
    {"", "", "look at [database] in the configuration and at the log of the server"},
};

const char *login_advice(const char *sqlstate, const char *reason)
{
    size_t i = 0;

    while (strncmp(sqlstate, rows[i].sqlstate, strlen(rows[i].sqlstate)) != 0 ||
           strstr(reason, rows[i].words) == NULL)
        i++;
    return rows[i].advice;
}

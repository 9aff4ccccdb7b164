#!/bin/sh
# Makes configure and what it needs, out of configure.ac and Makefile.am.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all

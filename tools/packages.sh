# shellcheck shell=bash
# shellcheck disable=SC2034 # The scripts that source this file use what it sets.
# The Debian packages that Tally is built, run and tested with, each named here only.

: "${tree:?}"

build_packages=(
    autoconf automake gcc libc6-dev make pkgconf
    libfcgi-dev libinih-dev libjansson-dev libpq-dev libssl-dev
)
demo_packages=(
    "${build_packages[@]}"
    curl libjs-chart.js multiwatch nginx openssl postgresql spawn-fcgi
)
check_packages=(
    "${demo_packages[@]}"
    apache2-bin apache2-utils libapache2-mod-fcgid
    clang clang-format clang-tidy cppcheck git libcmocka-dev mandoc shellcheck xz-utils
    libclang-rt-14-dev logrotate pgbouncer procps strace systemd valgrind
    python3 python3-hypothesis python3-psycopg python3-pytest python3-requests
    chromium fonts-dejavu-core libjs-chart.js
)
# A Node.js from elsewhere brings its own npm, and Debian's cannot be installed beside it.
command -v npm >/dev/null || check_packages+=(nodejs npm)

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
    local package
    for package; do
        [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$package"
    done
}

# ensure_packages PACKAGE...: installs those that are missing, or says how.
ensure_packages() {
    local missing as_root=()
    command -v dpkg-query >/dev/null ||
        fail "this command installs what it needs with apt-get: it works on Debian 12 and its relatives"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || fail "packages are missing; run this as root, then start again:
    apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo -n)
    fi
    say "Missing packages: ${missing[*]}"
    # Cut off between two packages, an installation leaves the machine's package system to be mended.
    step_patience=600
    step packages "Installing ${#missing[@]} packages and what they need" \
        "${as_root[@]}" bash "$tree/tools/install-packages" "${missing[@]}"
    step_patience=5
}

# shellcheck shell=bash
# shellcheck disable=SC2154 # The demo sets the variables that are not set here.
# The demo's workers and its nginx, which is configured by the files that are installed elsewhere too;
# only what a site has to name itself is written here.

# name, password, role, and the user in the sample whose usage is the own.
demo_users=(
    'ada      ada-demo      user    00000000-0000-4000-8001-000000000001'
    'grace    grace-demo    user    00000000-0000-4000-8001-000000000002'
    'reports  reports-demo  service -'
    'admin    admin-demo    admin   -'
)

# for_each_user FUNCTION: calls it with name, password, role and id of each user.
for_each_user() {
    local user name password role id
    for user in "${demo_users[@]}"; do
        read -r name password role id <<<"$user"
        "$1" "$name" "$password" "$role" "${id#-}"
    done
}

password_line() {
    printf '%s:%s\n' "$1" "$(openssl passwd -apr1 "$2")"
}

account_line() {
    printf '        "=%s" "%s %s%s";\n' "$1" "$1" "$3" "${4:+ $4}"
}

nginx_conf() {
    cat <<NGINX
daemon off;
pid nginx/nginx.pid;
error_log stderr warn;
worker_processes 1;

events {
}

http {
    access_log nginx/access.log;
    client_body_temp_path nginx/body;
    fastcgi_temp_path     nginx/fastcgi;
    proxy_temp_path       nginx/proxy;
    scgi_temp_path        nginx/scgi;
    uwsgi_temp_path       nginx/uwsgi;
    server_tokens off;

    include tally_http;

    map "=\$tally_user" \$tally_account {
        volatile;
        default "";
$(for_each_user account_line)
    }

    map "" \$tally_web   { default $state/web; }
    map "" \$tally_chart { default /usr/share/javascript/chart.js/chart.min.js; }

    upstream tally {
        server unix:$sockets/tally.sock max_fails=0;
    }

    upstream tally_admin {
        server unix:$sockets/tally-admin.sock max_fails=0;
    }

    upstream tally_events {
        server unix:$sockets/tally-events.sock max_fails=0;
    }

    upstream tally_health {
        server unix:$sockets/tally-health.sock max_fails=0;
    }

    map "" \$tally_events_pool { default tally_events; }
    map "" \$tally_health_pool { default tally_health; }

    server {
        listen 127.0.0.1:$port;
        include tally_locations;
    }
}
NGINX
}

tally_ini() {
    cat <<INI
[database]
host = $sockets
dbname = tally
user = tally_web
INI
}

# Every path in nginx.conf begins at the demo's folder, those of the files that it includes at etc.
nginx_options=(-p . -c etc/nginx.conf -e stderr)

# write_configuration: everything that the workers and nginx read, anew for each run.
write_configuration() {
    rm -rf "${state:?}/etc" "$state/nginx" "$state/web"
    mkdir "$state/etc" "$state/nginx"
    cp -R "$tree/web" "$state/web"
    chmod -R u=rwX,go=rX "$state/web"
    install -m 755 "$tree/build/demo/obj/fcgi/tally.fcgi" "$state/tally.fcgi"
    cp "$tree"/nginx/tally_* "$state/etc"
    tally_ini >"$state/etc/tally.ini"
    nginx_conf >"$state/etc/nginx.conf"
    for_each_user password_line >"$state/etc/tally.htpasswd"
    chmod -R u=rwX,go=rX "$state/etc"
    chown "$service_user" "$state/nginx"
    run_as_service "$state/tally.fcgi" -c "$state/etc/tally.ini" -t
    run_as_service nginx "${nginx_options[@]}" -t
}

# start_pool NAME WORKERS
start_pool() {
    # -t 0: multiwatch never gives a worker up.
    launch "$1" TERM 15 spawn-fcgi -n -s "$sockets/$1.sock" -M 0660 -- \
        /usr/bin/multiwatch -f "$2" -t 0 -- "$state/tally.fcgi" -c "$state/etc/tally.ini"
    answers_within 10 "$1" run_as_service test -S "$sockets/$1.sock"
}

start_nginx() {
    launch nginx QUIT 5 nginx "${nginx_options[@]}"
    answers_within 10 nginx port_is_busy
}

port_is_busy() {
    (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# get USER PASSWORD TARGET FILE: writes the body of the answer to the file, and prints its status.
get() {
    curl --silent --show-error --noproxy '*' --max-time 15 --user "$1:$2" \
        --output "$4" --write-out '%{http_code}' "http://127.0.0.1:$port$3"
}

# post USER PASSWORD BODY FILE: sends events; prints the status, the answer's body is in the file.
post() {
    curl --silent --show-error --noproxy '*' --max-time 15 --user "$1:$2" \
        --header 'Content-Type: application/json' --data-binary "$3" \
        --output "$4" --write-out '%{http_code}' "http://127.0.0.1:$port/v1/usage/events"
}

-- What wrk asks, and what it reports.
--
--   wrk -s bench/request.lua … http://HOST:PORT -- PATH [COUNT]
--
-- PATH is a format for a number that is drawn anew from 1 to COUNT for each request. The draws begin
-- alike in each run. The report is one line of figures behind the word "measured".

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

function init(arguments)
    math.randomseed(seed)
    path = arguments[1]
    count = tonumber(arguments[2] or 1)
end

function request()
    return wrk.format("GET", string.format(path, math.random(count)))
end

function done(summary, latency)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        "measured requests=%d duration_us=%d p50_us=%d p99_us=%d status_errors=%d socket_errors=%d\n",
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status, broken))
end

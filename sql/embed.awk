# Makes a C file out of the statements: `const char NAME_sql[]` for each file NAME.sql given.
# Lines of comment and empty lines are left out; "\ir FILE" stands for the lines of FILE, as in psql.

function quote(line) {
    gsub(/\\/, "\\\\\\\\", line)
    gsub(/"/, "\\\"", line)
    return "\n    \"" line "\\n\""
}

function body(path,    folder, line, text) {
    folder = path
    sub(/[^\/]*$/, "", folder)
    while ((status = (getline line < path)) > 0) {
        if (line ~ /^\\ir /)
            text = text body(folder substr(line, 5))
        else if (line !~ /^[ \t]*(--.*)?$/)
            text = text quote(line)
    }
    if (status < 0) {
        print "embed.awk: cannot read " path > "/dev/stderr"
        exit 1
    }
    close(path)
    return text
}

BEGIN {
    print "/* Made from sql/ by sql/embed.awk. */"
    print "#include \"statements_sql.h\""
    print "/* C promises literals of 4095 bytes alone; all compilers that Tally is built with take longer ones. */"
    print "#pragma GCC diagnostic ignored \"-Woverlength-strings\""
    for (i = 1; i < ARGC; i++) {
        name = ARGV[i]
        sub(/.*\//, "", name)
        sub(/\.sql$/, "", name)
        print "\nconst char " name "_sql[] =" body(ARGV[i]) ";"
    }
}

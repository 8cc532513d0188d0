package awsfake

// Key is for the tests of the outside: only fixtures parse command lines.
type Key = key

// ParseKey reads a command line.
var ParseKey = parseKey

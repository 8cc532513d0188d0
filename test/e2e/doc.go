// Package e2e holds the end-to-end tests: ./cairn against moto's server, which is somebody else's
// idea of AWS, with accounts made by the AWS CLI, which is AWS's own. They have the build tag e2e,
// because they need Python; `make test` installs it and runs them.
//
// A case is a file in testdata: what the AWS CLI did, how AWS differs from moto there, the flags of
// `cairn audit`, and the wanted verdicts. See testdata/README.md.
package e2e

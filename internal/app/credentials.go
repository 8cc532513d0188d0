package app

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
)

// sources are the places where the SDK finds credentials, in words.
var sources = map[string]string{
	awsconfig.CredentialsSourceName:  "environment variables",
	"SharedConfigCredentials":        "the shared file", // its path follows
	ssocreds.ProviderName:            "an SSO session",
	logincreds.ProviderName:          "aws login",
	stscreds.ProviderName:            "the role of a profile",
	stscreds.WebIdentityProviderName: "a web identity token",
	processcreds.ProviderName:        "a credential_process",
	ec2rolecreds.ProviderName:        "the instance's role",
	endpointcreds.ProviderName:       "the container's role",
}

// sourceOf says where credentials were found. A word of the SDK's that is not known stays as it is.
func sourceOf(c aws.Credentials) string {
	name, where, _ := strings.Cut(c.Source, ": ")
	words, ok := sources[name]
	if !ok {
		return c.Source
	}
	return strings.TrimSpace(words + " " + where)
}

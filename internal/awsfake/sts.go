package awsfake

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
)

// session is what AssumeRole made an access key for.
type session struct{ account, arn string }

var roleARN = regexp.MustCompile(`^arn:([a-z-]+):iam::([0-9]{12}):role/(.+)$`)

// expiration lies so far ahead that no client renews, whatever its clock says.
const expiration = "2099-12-31T23:59:59Z"

// assumeRole gives static keys that act in the role's account, if the fixture
// tells that the role can be assumed or anything else of that account. Keys in
// the fixture are never served; the same session always gets the same ones.
func (s *Server) assumeRole(q request, told bool) (map[string]any, *failure) {
	m := roleARN.FindStringSubmatch(q.Role)
	if m == nil || q.session == "" {
		return nil, &failure{code: "ValidationError", message: "a role's ARN and a session name are wanted"}
	}
	if !told && !s.fixture.tells(m[2]) {
		why := "on resource: " + q.Role
		return nil, &failure{code: "AccessDenied", message: notAuthorized(s.callerARN(q), q.Call, why)}
	}
	name := m[3][strings.LastIndex(m[3], "/")+1:]
	in := session{account: m[2], arn: fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", m[1], m[2], name, q.session)}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(in.arn)) // a hash never fails
	key := fmt.Sprintf("ASIA%s%08X", in.account, sum.Sum32())
	s.mu.Lock()
	s.sessions[key] = in
	s.mu.Unlock()
	return map[string]any{
		"Credentials": map[string]any{
			"AccessKeyId": key, "SecretAccessKey": "awsfake-secret", "SessionToken": "awsfake-token", "Expiration": expiration,
		},
		"AssumedRoleUser": map[string]any{"Arn": in.arn, "AssumedRoleId": "AROAEXAMPLE:" + q.session},
	}, nil
}

// identity derives the identity of a role's session, which needs no key of its own.
func (s *Server) identity(q request) (map[string]any, bool) {
	in, assumed := s.session(q.key)
	if !assumed {
		return nil, false
	}
	name := in.arn[strings.LastIndex(in.arn, "/")+1:]
	return map[string]any{"Account": in.account, "Arn": in.arn, "UserId": "AROAEXAMPLE:" + name}, true
}

func (s *Server) session(key string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.sessions[key]
	return in, ok
}

// callerARN names the caller in refusals.
func (s *Server) callerARN(q request) string {
	if in, assumed := s.session(q.key); assumed {
		return in.arn
	}
	if s.fixture.caller != "" {
		return s.fixture.caller
	}
	return "arn:aws:iam::" + q.Account + ":user/unknown"
}

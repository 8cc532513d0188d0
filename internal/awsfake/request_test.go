package awsfake_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func post(service, target, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/listRegions", strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/"+service+"/aws4_request")
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", contentType)
	return r
}

func TestRequestsThatAreNoCalls(t *testing.T) {
	unsigned := post("account", "", "", "{}")
	unsigned.Header.Del("Authorization")
	storage := post("s3", "", "", "<Delete/>")
	for name, c := range map[string]struct {
		r    *http.Request
		code int
		want string
	}{
		"unsigned":          {unsigned, http.StatusForbidden, "MissingAuthenticationToken"},
		"no JSON":           {post("cloudtrail", "X.DescribeTrails", "", "{"), http.StatusBadRequest, "SerializationException"},
		"no form":           {post("sts", "", "application/x-www-form-urlencoded", "%"), http.StatusBadRequest, "SerializationException"},
		"no action":         {post("sts", "", "application/x-www-form-urlencoded", ""), http.StatusNotImplemented, "NotTold"},
		"another service":   {storage, http.StatusNotImplemented, "s3 post /list-regions"},
		"another operation": {post("cloudtrail", "X.Nothing", "", "{}"), http.StatusNotImplemented, "cloudtrail nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			serve(t, world).ServeHTTP(w, c.r)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("got %d %s; want %d %s", w.Code, w.Body, c.code, c.want)
			}
		})
	}
}

// Whatever is sent, the answer is a document of the protocol that was spoken, and
// the call is on the record.
func FuzzRequest(f *testing.F) {
	f.Add("cloudtrail", "X.DescribeTrails", "", `{"trailNameList": ["t"], "includeShadowTrails": null}`)
	f.Add("cloudtrail", "X.ListTrails", "", `{"NextToken": "awsfake--1", "MaxResults": -1}`)
	f.Add("cloudtrail", "X.GetTrail", "", `{"Name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t"}`)
	f.Add("account", "", "application/json", `{"MaxResults": 2, "NextToken": "awsfake-9"}`)
	f.Add("sts", "", "application/x-www-form-urlencoded", "Action=AssumeRole&RoleArn=arn:aws:iam::444455556666:role/r&RoleSessionName=s%00<")
	f.Add("ec2", "", "application/x-www-form-urlencoded", "Action=DescribeRegions&Filter.1.Name=region-name&Filter.1.Value.1=x&RegionName.1=y")
	f.Fuzz(func(t *testing.T, service, target, contentType, body string) {
		s := serve(t, world)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, post(service, target, contentType, body))
		if len(s.Calls()) != 1 {
			t.Errorf("%d calls", len(s.Calls()))
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") {
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("no JSON: %s", w.Body)
			}
			return
		}
		for d := xml.NewDecoder(w.Body); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatalf("no XML: %v", err)
			}
		}
	})
}

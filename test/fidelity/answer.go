package fidelity

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
)

// requestID is what every answer made here carries; clients only show it.
const requestID = "00000000-0000-4000-8000-000000000000"

func jsonAnswer(v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{status: http.StatusInternalServerError, body: []byte(err.Error())}
	}
	return answer{http.StatusOK, head("application/x-amz-json-1.1"), body}
}

func xmlAnswer(status int, v any) answer {
	body, err := xml.Marshal(v)
	if err != nil {
		return answer{status: http.StatusInternalServerError, body: []byte(err.Error())}
	}
	return answer{status, head("text/xml;charset=UTF-8"), append([]byte(xml.Header), body...)}
}

func head(contentType string) http.Header {
	header := http.Header{}
	header.Set("Content-Type", contentType)
	header.Set("X-Amzn-Requestid", requestID)
	return header
}

// denied is a refusal in the words that AWS uses, which name the action and who denies.
func denied(c Call, policy bool) answer {
	why := "because no identity-based policy allows the " + c.Service + ":" + c.Op + " action"
	if policy {
		why = "with an explicit deny in a service control policy"
	}
	text := fmt.Sprintf("User: arn:%s:iam::%s:user/audit is not authorized to perform: %s:%s %s",
		partition(c.Region), c.Account, c.Service, c.Op, why)
	switch c.Service {
	case "ec2":
		return failure(c, http.StatusForbidden, "UnauthorizedOperation", text)
	case "sts", "s3", "iam", "sns":
		return failure(c, http.StatusForbidden, "AccessDenied", text)
	case "account":
		return failure(c, http.StatusForbidden, "AccessDeniedException", text)
	default:
		return failure(c, http.StatusBadRequest, "AccessDeniedException", text)
	}
}

// failure is an error in the protocol of the call's service.
func failure(c Call, status int, code, message string) answer {
	type fault struct {
		Type    string `xml:"Type,omitempty"`
		Code    string
		Message string
	}
	switch c.Service {
	case "ec2":
		return xmlAnswer(status, struct {
			XMLName xml.Name `xml:"Response"`
			Errors  []fault  `xml:"Errors>Error"`
			Request string   `xml:"RequestID"`
		}{Errors: []fault{{Code: code, Message: message}}, Request: requestID})
	case "s3":
		return xmlAnswer(status, struct {
			XMLName xml.Name `xml:"Error"`
			fault
		}{fault: fault{Code: code, Message: message}})
	case "sts", "iam", "sns":
		return xmlAnswer(status, struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Error   fault
			Request string `xml:"RequestId"`
		}{Error: fault{"Sender", code, message}, Request: requestID})
	default:
		made := jsonAnswer(map[string]string{"__type": code, "message": message, "Message": message})
		made.status = status
		made.header.Set("X-Amzn-Errortype", code)
		return made
	}
}

package event

// field is a top-level member that the package knows: those of a record (event version 1.11), then
// those that tell what else an object is.
type field uint8

const (
	unknownField field = iota
	addendum
	additionalEventData
	apiVersion
	awsRegion
	edgeDeviceDetails
	errorCode
	errorMessage
	eventCategory
	eventContext
	eventID
	eventName
	eventSource
	eventTime
	eventType
	eventVersion
	insightDetails
	managementEvent
	readOnly
	recipientAccountID
	requestID
	requestParameters
	resources
	responseElements
	serviceEventDetails
	sessionCredentialFromConsole
	sharedEventID
	sourceIPAddress
	tlsDetails
	userAgent
	userIdentity
	vpcEndpointAccountID
	vpcEndpointID
	lastRecordField = vpcEndpointID
)

const (
	envelopeDetail     = lastRecordField + 1 + iota // EventBridge
	envelopeDetailType                              //
	lookupRecord                                    // LookupEvents: the record as a string
	logMessage                                      // CloudWatch Logs: the same
	selected                                        // S3 Select: an expression without a name
	digestObject                                    // a digest file
	configSnapshot                                  // AWS Config, which may share the bucket
	configItems                                     //
	deliveredKeys                                   // what CloudTrail tells SNS
	queryRows                                       // CloudTrail Lake's GetQueryResults
	countFields
)

// fieldOf is a switch and not a map: it is asked for every top-level member of every record.
func fieldOf(name []byte) field {
	switch string(name) {
	case "addendum":
		return addendum
	case "additionalEventData":
		return additionalEventData
	case "apiVersion":
		return apiVersion
	case "awsRegion":
		return awsRegion
	case "edgeDeviceDetails":
		return edgeDeviceDetails
	case "errorCode":
		return errorCode
	case "errorMessage":
		return errorMessage
	case "eventCategory":
		return eventCategory
	case "eventContext":
		return eventContext
	case "eventID":
		return eventID
	case "eventName":
		return eventName
	case "eventSource":
		return eventSource
	case "eventTime":
		return eventTime
	case "eventType":
		return eventType
	case "eventVersion":
		return eventVersion
	case "insightDetails":
		return insightDetails
	case "managementEvent":
		return managementEvent
	case "readOnly":
		return readOnly
	case "recipientAccountId":
		return recipientAccountID
	case "requestID":
		return requestID
	case "requestParameters":
		return requestParameters
	case "resources":
		return resources
	case "responseElements":
		return responseElements
	case "serviceEventDetails":
		return serviceEventDetails
	case "sessionCredentialFromConsole":
		return sessionCredentialFromConsole
	case "sharedEventID":
		return sharedEventID
	case "sourceIPAddress":
		return sourceIPAddress
	case "tlsDetails":
		return tlsDetails
	case "userAgent":
		return userAgent
	case "userIdentity":
		return userIdentity
	case "vpcEndpointAccountId":
		return vpcEndpointAccountID
	case "vpcEndpointId":
		return vpcEndpointID
	}
	return markerOf(name)
}

func markerOf(name []byte) field {
	switch string(name) {
	case "detail":
		return envelopeDetail
	case "detail-type":
		return envelopeDetailType
	case "CloudTrailEvent":
		return lookupRecord
	case "message":
		return logMessage
	case "_1":
		return selected
	case "digestS3Object":
		return digestObject
	case "configSnapshotId":
		return configSnapshot
	case "configurationItems":
		return configItems
	case "s3ObjectKey":
		return deliveredKeys
	case "QueryResultRows":
		return queryRows
	}
	return unknownField
}

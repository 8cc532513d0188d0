package report

// The parts of SARIF 2.1.0 that cairn writes, in the standard's spelling (OASIS: Static Analysis Results
// Interchange Format 2.1.0). What GitHub code scanning does not require and nobody reads is left out.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}

	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}

	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}

	sarifRule struct {
		ID         string      `json:"id"`
		Short      sarifText   `json:"shortDescription"`
		Full       sarifText   `json:"fullDescription"`
		Help       sarifText   `json:"help"`
		Default    sarifConfig `json:"defaultConfiguration"`
		Properties struct {
			Tags      []string `json:"tags"`
			Precision string   `json:"precision"`
			Severity  string   `json:"security-severity"`
		} `json:"properties"`
	}

	sarifConfig struct {
		Level string `json:"level"`
	}

	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}

	// sarifAutomation tells runs apart: a second upload of the same accounts replaces the first.
	sarifAutomation struct {
		ID string `json:"id"`
	}

	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		End           string              `json:"endTimeUtc,omitempty"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}

	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}

	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Kind         string            `json:"kind"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   sarifProperties   `json:"properties"`
	}

	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}

	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine int `json:"startLine"`
		} `json:"region"`
	}

	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}

	sarifProperties struct {
		Account  string   `json:"account"`
		Region   string   `json:"region,omitempty"`
		Status   string   `json:"status"`
		Severity string   `json:"severity"`
		Controls []string `json:"controls"`
		Fix      string   `json:"fix,omitempty"`
		Page     string   `json:"page,omitempty"`
	}
)

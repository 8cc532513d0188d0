// Package detections holds what cairn watches for: one folder a detection, with Sigma rules (detection.yml), the
// page and the cases.
package detections

import "embed"

// Files are the folders: ct013-configuration-changes/detection.yml, page.md, cases/*.txtar.
//
//go:embed */detection.yml */page.md
var Files embed.FS

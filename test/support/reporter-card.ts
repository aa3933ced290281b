/** What stands in the card for the variables of the document: values, or the formulas that give them. */
export interface ReporterValues {
  scenario: string
  project: string
  trigger: string
  outcome: string
  url: string
  colour: string
}

/** The example of a card in the documentation of scenario reporters: a whole message for a flow of Teams. */
export function reporterCard({ scenario, project, trigger, outcome, url, colour }: ReporterValues) {
  const heading = { weight: 'bolder', size: 'medium', style: 'heading', wrap: true, color: colour }
  const facts = [
    { title: 'Project', value: project },
    { title: 'Triggered by', value: trigger },
  ]
  const items = [
    { type: 'TextBlock', text: `${scenario} run report`, ...heading },
    { type: 'TextBlock', wrap: true, text: `[${scenario}](${url}): **${outcome}**` },
    { type: 'FactSet', facts },
  ]
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.0',
    body: [{ type: 'Container', items }],
  }
  return { attachments: [{ contentType: 'application/json', content }] }
}

"""Policies of a company: who approves, forms, prices, whom they are for, and what follows if they are broken."""

from __future__ import annotations

import random
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import date, listed, wordings
from worded.spun import spun

TITLES = listed("""Sabbatical|Relocation|Secondment|Mailforge|Printwell|Docuvault|Passkeeper|Shredline|Bikeshare
Stipendium|Whistleblowing|Eldercare|Telepresence|Badgewise|Logbook-Online|Wayfinder|Jobsharing|Coldstore|Fleetdesk
Inkwell|Home Office Allowance|Parking Permit|Laptop Refresh|Second Monitor|Standing Desk Loan|Business Class Upgrade
Company Credit Card|Client Dinner Budget|Gift Acceptance|Conference Travel|Visa Sponsorship|Language Tuition
Night Shift Supplement|Weekend Access Pass|Visitor Wi-Fi|VPN-Plus|Two-Factor Token Replacement|Guest Account
Shared Mailbox|Distribution List Setup|Cloud Sandbox|Test Server Rental|Database Snapshot|Firewall Exception
Domain Name Purchase|Software Escrow|Open-Source Release|Code Signing Key|Admin Rights on Workstations|USB Port Unlock
Data Export Clearance|Data-Breach Drill|Backup Restore 48|Archive Box Retrieval|Legal Hold|Contract Review Express
Supplier Onboarding|Purchase Above Threshold|Petty Cash Float|Corporate Phone|Roaming Bundle|eSIM for Travellers
Parental Top-Up|Adoption Support|Bereavement Days|Jury Duty Pay|Marathon Day|Volunteer Week|Blood Donor Hour
Birthday Half-Day|Long-Service Award|Spot Bonus|Referral Reward|Patent Premium|Inventor's Share|Employee Stock Window
Pension Transfer|Salary Advance|Childcare Voucher|Gym Subsidy|Eye Test Refund|Flu Jab Clinic|Ergonomic Assessment
Confidential Counselling|Return-to-Work Plan|Phased Retirement|Exit Interview|Reference Letter|Name Change Request
Director's Car Scheme|Chairman's Box Tickets|Driver's Licence Check|Chef's Table Booking|Founder's Library Card
Visitor's Hard Hat|Nurse's Room Key|Tenant's Bin Store|Pool Car|Electric Bike Lease|Railcard 25|Taxi After 10
Shuttle Seat Reservation|Bicycle Cage|Locker Row C|Quiet Room Hire|Auditorium Booking|Roof Terrace Event|Photo Permit
Drone Flight Clearance|Film Crew Visit|Press Statement Release|Logo Use Abroad|Social Media Takeover|Newsletter Slot
Translation Desk|Proofreading Overnight|Poster Printing A0|3D Print Queue|Laser Cutter Induction|Lab Coat Laundry
Chemical Order|Cryogenic Storage|Radiation Badge|Fume Cupboard Certificate|Waste Solvent Pickup|Forklift Ticket
Hot-Work Permit|Confined Space Entry|Ladder Inspection|Fire Warden Course|First-Aid Refresher|Emergency Generator Test
Snow Day Protocol|Lone Worker Alarm|Evacuation Chair Training|Clean Desk 24|Zero-Paper Office|Green Roof Fund
Tree Planting Match|Charity Payroll Giving|Food Bank Collection|Dog-at-Work Day|Aquarium Upkeep|Office Plant Adoption
Coffee Machine Repair|Kitchen Deep Clean|Pest Call-Out|Window Blind Fitting|Desk Move|Carpet Tile Swap
Air Filter Change|Sound-Proof Booth|Video Studio Slot|Webinar Licence|E-Learning Bundle 360|MBA Sponsorship
Mentor Match|Reverse Mentoring|Apprentice's Toolkit|Summer Internship|Hackathon Leave|Research Day|Journal Subscription
Standards Catalogue|Ethics Board Hearing|Survey Approval|Statistics Helpdesk|GPU Hours|Data Lake Seat|Map Licence
Licence Reclaim|Old Hardware Buy-Back|Asset Tag Reprint|Keyboard Layout Swap|Screen Reader Set-Up
Sign Interpreter Booking|Prayer Room Schedule|Interfaith Holiday Swap|Meeting-Free Friday|Core Hours Waiver
Remote Month Abroad|Four-Day Trial|Overtime Bank|On-Call Rota 7|Escort Duty|Key Holder Status""")
ASKED = wordings(
    {
        "approver": "Who approves {name}?|Whose signature do I need for {name}?|If I want {name}, who has to sign it off?|Which manager decides about {name}?|{name} - who gives the green light?",
        "time": "How long does {name} take?|If I apply for {name} today, how soon will I hear back?|What is the usual waiting time for {name}?|how quick is the turnaround on {name}|When can I count on an answer after asking for {name}?",
        "cost": "How much does {name} cost?|What is the price of {name}?|How much money should I set aside for {name}?|What will be charged to my cost centre for {name}?|what's the fee when I go for {name}",
        "form": "Which form do I need for {name}?|I'd like to apply for {name}, what do I have to fill out?|What is the code of the application sheet for {name}?|What paperwork goes with {name}?|Can you tell me the number of the document to download for {name}?",
        "place": "Where do I send the form for {name}?|Where does the completed paperwork for {name} go?|I've filled everything in for {name}, where do I drop it off?|To what address should a request for {name} be delivered?|Which office collects the applications for {name}?",
        "consequence": "What happens if the rules for {name} are not followed?|What is the penalty for breaking the {name} policy?|I messed up with {name}, what now?|What do I risk by ignoring the conditions of {name}?|How does the company react when somebody misuses {name}?",
        "eligible": "Who can use {name}?|Who is {name} meant for?|Which people are entitled to {name}?|Am I allowed to have {name}, or who is it open to?|What group of employees does {name} cover?",
    }
)
UNASKED = wordings(
    {
        "author": "Who wrote the rules for {name}?|Who is the author of the {name} policy?",
        "date": "Since when has {name} been in force?|On what date did {name} take effect?",
        "ext": "Which extension do I ring with questions about {name}?",
        "keep": "How long are the records of {name} kept?|After how long are old files on {name} destroyed?",
        "count": "How many requests for {name} were there last year?",
    }
)
TEMPLATES = """
[{name} is open to {eligible}|The company offers {name} to {eligible}]. [To apply, fill in form {form} and send it to {place}|Applicants complete form {form} and hand it in at {place}].
[Each request is approved by the {approver}, and the whole process takes {time}|Requests are approved by the {approver}, usually within {time}].
[The charge is {cost}, which replaced the earlier rate of {cost2} in {y2}|It costs {cost}; until {y2} the rate was {cost2}].
[If the rules are broken, {consequence}|Should anyone disregard these rules, {consequence}]. [The policy was written by {author} and has been in force since {date}|{author} wrote the text, which came into force on {date}].
[Questions are answered on extension {ext}|For questions please ring extension {ext}].

[{author} drew up these rules at the request of {p2}, who has since left the company|These rules were drawn up by {author} after a complaint from {p2}].
[They are meant for {eligible} and nobody else|Only {eligible} may benefit from them].
[Nothing goes ahead until the {approver} has signed|No step may be taken without the signature of the {approver}], and [experience shows that one should allow {time} for this|the answer normally arrives after {time}].
[The right paper is {form}, obtainable on the intranet, and once filled in it belongs in {place}|One uses sheet {form}, which has to be left at {place}].
[Last year {count} requests were received, of which a handful were withdrawn|There were {count} requests last year, more than anybody had foreseen].
[A sum of {cost} is billed to the cost centre|The cost centre pays {cost}]. [Where somebody does not keep to the above, {consequence}|Please note that in the event of misuse {consequence}].
[Records are kept for {keep}|All papers are kept for {keep} and then shredded].

[Anyone thinking of {name} should first look at the price|The first question about {name} is usually the price]: [the internal tariff is {cost}|it stands at {cost}].
[Since {date}, when the present rules took effect, the decision has rested with the {approver}|The present rules took effect on {date} and leave the decision to the {approver}].
[The offer addresses {eligible}|It is reserved for {eligible}]; [guests of the company are looked after by {p2} instead|interns should speak to {p2}].
[Use form {form}|Please take form {form}], [not the old {oldform}|which took the place of {oldform}], and [deliver it to {place}|bring it to {place}].
[Processing takes {time}|Expect to wait {time}]. [In the past year {count} requests were counted|Last year's statistics show {count} requests].
[Whoever fails to comply must accept that {consequence}|In case of non-compliance, {consequence}]. [The hotline is extension {ext}|Extension {ext} will help with anything unclear].

[Form {form} is the key to {name}|Everything about {name} begins with form {form}]. [It lies ready in every secretariat and is returned to {place}|Print it, sign it in blue ink and get it to {place}].
[From there it travels to the {approver}, who says yes or no within {time}|The {approver} then has {time} to grant or refuse it].
[Beneficiaries are {eligible}|The circle of users is limited to {eligible}], [as agreed at the meeting of {d2}|a limit that was debated on {d2}].
[We charge {cost}|The expense comes to {cost}], and {p2} in accounting issues the invoice. [Mistakes are costly, because if the conditions are violated {consequence}|Be careful, for if you depart from the procedure {consequence}].
[The author of the policy is {author}, reachable under extension {ext}|Ask its author, {author}, on extension {ext} if in doubt]. [Files are destroyed after {keep}|The archive keeps each file for {keep}].

[When the rules are ignored, {consequence}|Let us begin with the warning: if these rules are ignored, {consequence}]. [To avoid this, read on|It is easy to avoid that].
[{name} exists for {eligible}|The target group of {name} consists of {eligible}]. [You obtain it through form {form}, which is to be submitted at {place}|The application form carries the number {form} and should be submitted to {place}].
[The {approver} is the one to authorise it|Authority lies with the {approver}], while {p2} merely keeps the list. [A reply comes in {time}|You will have your reply in {time}] and [the bill amounts to {cost}|the price is {cost}].
[The rules became effective on {date}, and we keep the records for {keep}|Effective date: {date}; period for which records are kept: {keep}].
[There were {count} requests during the last year|Over the last year {count} requests came in].

[In the last year alone, {count} requests for {name} reached us|Demand is high: {count} requests for {name} were made last year].
[For this reason {author} rewrote the policy, and the new version applies from {date}|That is why {author} wrote a new version of the policy, valid from {date}].
[It takes {time} from the first e-mail to the final answer|From first e-mail to final answer one must reckon with {time}].
[The final word belongs to the {approver}, although {p2} may give advice|{p2} prepares the file, but the {approver} must agree].
[Those entitled are {eligible}|Entitlement extends to {eligible}]. [They pay {cost} through their department|Their department is debited with {cost}].
[Applications on form {form} are accepted at {place}|Form {form}, duly completed, is to be dropped at {place}]. [Failing that, {consequence}|If this is not respected, {consequence}].

[This section of the handbook deals with {name}, introduced on {date}|{name} was introduced on {date} and tested for {dur2} in {place2}].
[Permission comes from the {approver}|It needs the blessing of the {approver}], [who can be represented by {p2} during holidays|with {p2} standing in during holidays].
[Send the completed {form} to {place}|A completed {form} should find its way to {place}] [no later than the 15th of the month|before noon on a Friday] and [the outcome will be known after {time}|the outcome will follow in {time}].
[The service is available to {eligible}|It may be claimed by {eligible}]. [Its cost, {cost}, is borne by the unit|Units have to budget {cost} for it].
[Violations are not taken lightly: {consequence}|Breaches have a clear consequence, namely that {consequence}]. [Papers stay in the archive for {keep}|The data are erased after {keep}], and [the phone extension for enquiries is {ext}|enquiries go to extension {ext}].

[What does it take to get {name}|How do you go about {name}]? [First, you must belong to the group of {eligible}|You have to be among the {eligible} for whom it was designed].
[Second, you fill in {form}|Next comes the form, {form}], [a single page designed by {p2}|a sheet of {n2} lines].
[Third, the page goes to {place}|Then you carry it to {place}], where it is stamped. [The {approver} looks at it and, if all is well, approves|Consent is then sought from the {approver}], [so that {time} later you know where you stand|a step that brings the total to {time}].
[You should be prepared to spend {cost}|The rate is {cost}]. [Cheating does not pay, as {consequence}|Those who bend the rules find that {consequence}].
[{author} is the author of these lines; call extension {ext} to hear more about the {count} requests of last year|Written by {author}, extension {ext}, on the basis of the {count} requests made last year].

[Price {cost}, duration {time}, form {form}: these are the bare facts about {name}|The bare facts about {name} are quickly told: form {form}, {cost}, {time} until the answer].
[The long version begins on {date}, when the rules entered into force|The rules entered into force on {date}, {dur2} later than planned].
[They speak of {eligible} as the only users|They name {eligible} as users] and [make the {approver} responsible for approval|put approval in the hands of the {approver}].
[Paper forms are collected by {place}|The address for the form is {place}]; [{place2} is closed to the public|please do not use {place2}].
[Anyone who acts against the rules will learn that {consequence}|Where the rules are not observed, {consequence}]. [Files are held for {keep}|We hold on to files for {keep}]. [A helper can be found on extension {ext}|Dial extension {ext} for help].

[After {dur2} of talks, a text by {author} was adopted|The text below was written by {author} and revised in {y2} by {p2}].
[{name} requires the consent of the {approver}|Under it, {name} can be granted by the {approver} alone].
[To get it, {eligible} take form {form} to {place}|It lets {eligible} apply on form {form}, to be presented at {place}]. [No other staff are covered|Other staff are not covered].
[The unit is invoiced for {cost}|An amount of {cost} becomes due], [a figure that has not moved since {y3}|which {p3} reviews every autumn]. [After {time} the matter is settled|The matter is settled in {time}].
[Disobedience means that {consequence}|If someone goes against the policy, {consequence}]. [With {count} requests last year, the archive is full, although papers are thrown away after {keep}|The {count} requests of last year will be stored for {keep}].

[In force since {date} and written by {author}, the policy on {name} serves {eligible}, whereas {p2} looks after all other cases|{author} is the author of the policy on {name}, which serves {eligible} and has been in force since {date}].
[The {approver} approves or rejects within {time}, provided that form {form} has reached {place}|Once form {form} has reached {place}, it takes {time} for the {approver} to approve or reject it].
[Approval triggers a charge of {cost}, whereas {cost2} was the rule in {y2}|The charge, {cost}, is due on approval]. [Files are deleted after {keep}; where the terms are not met, {consequence}|Where the terms are not met, {consequence}, and the file, otherwise deleted after {keep}, remains open].
"""
ROLES = [
    f"{a} {b}"
    for a in ("head of", "deputy head of", "director of", "group manager for")
    for b in listed("""procurement|facilities|people operations|information security|finance control|legal affairs|site safety
external relations|workplace services|internal audit|logistics|training and careers|research support|payroll""")
] + listed("""chief operating officer|company secretary|works council chair|site manager|data protection officer
chief of staff|senior fire officer|treasurer|regional general manager|occupational physician|service desk lead
network architect on duty|personal line manager|second-line manager""")
NUMBERS = listed("two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty")
DESKS = listed("""mailroom|service counter|front desk|red postbox|registry|accounts window|back office|document hatch
travel desk|human resources tray|porters' lodge|scanning centre""")
FLOORS = listed("""on the ground floor|on the first floor|on the second floor|on the third floor|on the sixth floor
in the basement|in the north wing|in the east wing|beside the canteen|behind the lifts""")
BUILDINGS = listed("""Harbour House|the Miller Building|Tower B|the Old Foundry|Quay Street 14|Campus West|the Annex
Lindhof|the Utrecht branch|Block 9|Station Court|the Leeds office""")
FIRST_FOLLOWS = listed("""the request is returned unread|access is withdrawn at once|the full amount is taken from the next salary
the account is locked until the next audit|a written warning goes on file|the department loses its quota for the year
the equipment is collected without notice|the case is passed to internal audit
the applicant is barred for twelve months|the entitlement lapses for good|the costs fall on the employee
the badge stops working the same evening|a fine of 150 euros is booked to the team
the application drops to the end of the queue|an interview with the works council is arranged
the line manager has to explain the matter in writing|the insurance no longer covers any damage
all earlier approvals become void|the booking is given to the next in line|a refresher course becomes compulsory""")
THEN_FOLLOWS = listed("""no new request is accepted before spring|the matter is reported to the board
any money already paid has to be given back|the deposit is lost|colleagues in the same team have to wait as well
there is no right of appeal|a note stays in the personnel file for two years|the clock starts again from zero
the next bonus is reduced by a tenth|the incident is listed in the yearly report|a second offence can lead to dismissal
the supplier is informed""")
STAFF = listed("""permanent staff|full-time employees|team leaders|office workers|members of the field crew
engineers and technicians|apprentices and trainees|salaried staff|external contractors|shift workers
part-time employees|project managers|parents on the payroll|laboratory staff|employees under thirty
colleagues at grade six or above""")
LIMITS = listed("""past their probation|with at least two years of service|outside the head office
who work more than twenty hours a week|based in one of the northern sites|with a clean safety record
who travel at least once a month|on an open-ended contract|who have finished the online course
without an open disciplinary case|and their registered partners|in customer-facing jobs""")

rng = random.Random()
c = rng.choice


def time() -> str:
    kind = rng.random()
    if kind < 0.45:
        return f"{c(NUMBERS)} working days"
    if kind < 0.65:
        return f"{c('two three four five six'.split())} weeks"
    if kind < 0.8:
        return f"{c([4, 6, 12, 18, 24, 36, 48, 72])} hours"
    if kind < 0.9:
        return "{} to {} days".format(*c([(2, 4), (3, 5), (7, 10), (10, 14), (20, 30)]))
    return c(["one month", "two months", "half a year", "one full quarter", "a fortnight"])


def cost() -> str:
    much = c([
        rng.randint(12, 98), rng.randint(100, 990) // 5 * 5, rng.randint(1000, 9900) // 10 * 10,
        rng.randint(10000, 48000) // 100 * 100,
    ])  # fmt: skip
    per = ["", "", " a year", " a month", " per person", " per request"] if much < 6000 else ["", " a year"]
    return f"{much:,} euros{c(per)}"


def form() -> str:
    letters, n = "ABCDEFGHJKLMNPQRSTUVWXYZ", rng.randint
    return c([
        f"{c(letters)}{c(letters)}-{n(100, 9999)}", f"{c(letters)}{n(10, 99)}/{c(letters)}",
        f"{n(10, 999)}-{c(letters)}{c(letters)}", f"{c(letters)}{c(letters)}{c(letters)} {n(10, 99)}",
        f"{c(letters)}-{n(1, 9)}-{n(10, 99)}",
    ])  # fmt: skip


def place() -> str:
    if rng.random() < 0.85:
        desk, floor, building = c(DESKS), c(FLOORS), c(BUILDINGS)
        return f"the {desk} {floor} {'in' if floor.startswith('be') else 'of'} {building}"
    return f"the {c(DESKS)} in {c(BUILDINGS)}"


def consequence() -> str:
    first = c(FIRST_FOLLOWS)
    return first if rng.random() < 0.25 else f"{first}{c([' and ', ', and '])}{c(THEN_FOLLOWS)}"


def kept() -> str:
    if rng.random() < 0.75:
        return f"{c(['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'ten', 'twelve', 'thirty'])} years"
    return f"{c([6, 9, 15, 18, 30])} months"


def policies() -> Made:
    rng.seed(30117)
    titles = TITLES[:]
    rng.shuffle(titles)
    titles = [t for t in titles if not any(t != u and t.lower() in u.lower() for u in titles)][:160]
    forms: set[str] = set()

    def new_form() -> str:
        while (code := form()) in forms:
            pass
        forms.add(code)
        return code

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        return {
            "approver": c(ROLES),
            "time": time(),
            "cost": cost(),
            "form": new_form(),
            "place": place(),
            "consequence": consequence(),
            "eligible": f"{c(STAFF)} {c(LIMITS)}",
            "author": next(people),
            "date": date(rng, 2011, 2024),
            "ext": str(rng.randint(1100, 8999)),
            "keep": kept(),
            "count": f"{rng.randint(18, 6200):,}",
            "p2": next(people),
            "p3": next(people),
            "d2": date(rng, 2005, 2010),
            "y2": str(rng.randint(2003, 2010)),
            "y3": str(rng.randint(1998, 2002)),
            "cost2": f"{rng.randint(15, 5000):,} euros",
            "oldform": new_form(),
            "n2": str(rng.randint(11, 40)),
            "dur2": c(["seven months", "three days", "five months", "nineteen months", "eleven days"]),
            "place2": c(["the Zagreb plant", "the warehouse on Mill Lane", "Villa Rosen", "the old print shop"]),
        }

    return spun(rng, titles, TEMPLATES, facts, ASKED, UNASKED)

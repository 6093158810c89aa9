"""The people and organisations of the play, registered as people register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from marketplace.accounts import services as accounts
from marketplace.accounts.identifiers import credit_code_check_character
from marketplace.accounts.models import (
    CredentialKind,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    Specialty,
    SpokenLanguage,
    User,
)
from marketplace.accounts.states import MembershipState
from marketplace.regions.models import Level, Region

from .stage import Stage

PREFECTURE = 522600000000
COUNTY = 522634000000
KAILI = 522601000000
#: Everybody's password; nobody in the play is real.
PASSWORD = "demonstration-2014"  # noqa: S105
#: What the key-holders of the play type at an opening.
PASSPHRASE = "雷公山下 三把钥匙 分开保管"  # noqa: S105
JOINED = -430
#: Of every office of the play; nobody answers.
OFFICE_PHONE = "0855-0000000"

_SURNAMES = (
    ("杨", "Yang"), ("吴", "Wu"), ("潘", "Pan"), ("龙", "Long"), ("石", "Shi"), ("李", "Li"), ("王", "Wang"), ("张", "Zhang"),
    ("余", "Yu"), ("文", "Wen"), ("唐", "Tang"), ("顾", "Gu"), ("白", "Bai"), ("罗", "Luo"), ("任", "Ren"), ("陆", "Lu"),
    ("侯", "Hou"), ("毛", "Mao"), ("金", "Jin"), ("莫", "Mo"), ("韦", "Wei"), ("宋", "Song"), ("熊", "Xiong"), ("袁", "Yuan"),
    ("姜", "Jiang"), ("欧", "Ou"), ("万", "Wan"), ("邰", "Tai"), ("江", "Jiang"), ("田", "Tian"), ("姚", "Yao"), ("谭", "Tan"),
    ("彭", "Peng"), ("梁", "Liang"), ("何", "He"), ("蒋", "Jiang"), ("周", "Zhou"), ("徐", "Xu"), ("蔡", "Cai"), ("邓", "Deng"),
)  # fmt: skip
_SPECIALTIES = list(Specialty.values)


@dataclass
class Firm:
    """A supplier with its bid manager and its lawyers."""

    organisation: Organisation
    bidder: User
    lawyers: list[User] = field(default_factory=list)


@dataclass
class Bureau:
    """A buyer with the people who act for it."""

    organisation: Organisation
    officer: User
    approver: User
    finance: User
    second: User
    holders: list[User] = field(default_factory=list)


@dataclass
class Cast:
    """Everybody, and where to find them."""

    supervisor: User
    staff: User
    bureau: Bureau
    prefecture: Bureau
    kaili: Bureau
    firms: list[Firm]
    experts: list[User]
    editor: User
    reviewer: User
    villages: dict[int, User]
    committees: dict[int, Organisation]
    association: Organisation
    coordinator: User
    volunteers: list[User]


class Casting:
    """Makes the cast. Only the person who installed the site is made without a service."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._serial = 0
        with stage.when(JOINED) as now:
            self.now = now
        self._password = ""

    def everybody(self) -> Cast:
        with self.stage.when(JOINED):
            supervisor = self._first_supervisor()
            self.supervisor = supervisor
            bureau = self._bureau(
                "雷山县司法局（示例）", "Leishan County Justice Bureau (sample)", COUNTY, "leishan", "示例"
            )
            self.bureau = bureau
            prefecture = self._bureau(
                "黔东南州司法局（示例）",
                "Qiandongnan Prefecture Justice Bureau (sample)",
                PREFECTURE,
                "prefecture",
                "范例",
            )
            kaili = self._bureau("凯里市司法局（示例）", "Kaili City Justice Bureau (sample)", KAILI, "kaili", "试例")
            editor = self.person("editor", "文示例", "Wen Shili (sample)", COUNTY)
            reviewer = self.person("reviewer", "顾示例", "Gu Shili (sample)", COUNTY)
            for person in (editor, reviewer):
                self.member(bureau.organisation, person, Role.EDITOR, by=bureau.approver)
            # Supervisors are the catalogue's reviewers.
            self.member(bureau.organisation, reviewer, Role.SUPERVISOR, by=bureau.approver)
            committees, villages = self._villages()
            firms = self._firms()
            association, coordinator = self._association()
            return Cast(
                supervisor,
                self._staff(),
                bureau,
                prefecture,
                kaili,
                firms,
                self._experts(),
                editor,
                reviewer,
                villages,
                committees,
                association,
                coordinator,
                self._volunteers(),
            )

    # People

    def person(self, username: str, name: str, name_en: str, home: int, *, login: bool = True) -> User:
        """A registered person; only those who appear in the bar can log in."""
        user = User(username=username, display_name=name, display_name_en=name_en, home_region_id=home)
        if login:
            # One hash for all: it is slow by design, and the password is printed anyway.
            if not self._password:
                user.set_password(PASSWORD)
                self._password = user.password
            user.password = self._password
        else:
            user.set_unusable_password()
        user.date_joined = self.now
        user.save()
        return user

    def member(self, organisation: Organisation, person: User, *roles: str, by: User) -> None:
        """``by`` invites, the person accepts."""
        for role in roles:
            invited = accounts.invite_member(
                actor=by, organisation=organisation, person=person, role=role, now=self.now
            )
            # Who gives himself a role has it at once.
            if invited.state == MembershipState.INVITED:
                accounts.accept_membership(actor=person, membership=invited, now=self.now)

    def organisation(
        self,
        kind: str,
        name: str,
        name_en: str,
        region: int,
        *,
        by: User,
        prefix: str = "",
        small: bool = False,
        head: str = "",
    ) -> Organisation:
        code = self._credit_code(prefix) if prefix else None
        return accounts.register_organisation(
            actor=by,
            kind=kind,
            name=name,
            name_en=name_en,
            credit_code=code,
            region=Region.objects.get(code=region),
            address=f"{Region.objects.get(code=region).name}示例路{self._serial}号",
            phone=OFFICE_PHONE,
            head_name=head,
            small_or_micro=small,
            now=self.now,
        )

    def _credit_code(self, prefix: str) -> str:
        self._serial += 1
        body = prefix + str(self._serial).zfill(17 - len(prefix))
        return body + credit_code_check_character(body)

    def _first_supervisor(self) -> User:
        """As on a real installation: whoever installed it (``createsuperuser``) registers the highest authority."""
        installer = self.person("installer", "安装管理员（示例）", "Installer (sample)", PREFECTURE, login=False)
        installer.is_superuser = True
        installer.save()
        supervisor = self.person("supervisor", "龙监督（示例）", "Long Jiandu (sample)", PREFECTURE)
        authority = accounts.register_organisation(
            actor=installer,
            kind=OrganisationKind.SUPERVISION,
            name="贵州省公共法律服务监督处（示例）",
            name_en="Guizhou Supervision of Public Legal Services (sample)",
            credit_code=self._credit_code("11520000MB"),
            region=Region.objects.get(code=520000000000),
            now=self.now,
            administrator=supervisor,
        )
        self.member(authority, supervisor, Role.SUPERVISOR, by=installer)
        return supervisor

    def _staff(self) -> User:
        """Keeps what holds in the whole country. The installer made the account."""
        staff = self.person("staff", "史站务（示例）", "Shi Zhanwu (sample)", PREFECTURE)
        staff.is_staff = True
        staff.save(update_fields=["is_staff"])
        return staff

    def _bureau(self, name: str, name_en: str, region: int, key: str, mark: str) -> Bureau:
        organisation = accounts.register_organisation(
            actor=self.supervisor,
            kind=OrganisationKind.BUREAU,
            name=name,
            name_en=name_en,
            credit_code=self._credit_code(f"11{region // 1_000_000}MB"),
            region=Region.objects.get(code=region),
            address=f"{Region.objects.get(code=region).name}示例路1号",
            phone=OFFICE_PHONE,
            now=self.now,
        )
        parts = (("officer", "杨", "Yang"), ("approver", "李", "Li"), ("finance", "罗", "Luo"), ("second", "莫", "Mo"))
        people = {
            part: self.person(f"{key}-{part}", f"{surname}{mark}", f"{pinyin} ({part}, sample)", region)
            for part, surname, pinyin in parts
        }
        add = self.member
        add(organisation, people["officer"], Role.OFFICER, by=self.supervisor)
        add(organisation, people["approver"], Role.APPROVER, Role.ADMIN, by=self.supervisor)
        add(organisation, people["finance"], Role.FINANCE, by=self.supervisor)
        add(organisation, people["second"], Role.OFFICER, by=self.supervisor)
        bureau = Bureau(organisation, people["officer"], people["approver"], people["finance"], people["second"])
        for n, (surname, pinyin) in enumerate((("石", "Shi"), ("潘", "Pan"), ("任", "Ren")), start=1):
            holder = self.person(f"{key}-key{n}", f"{surname}{mark}", f"{pinyin} (key-holder {n}, sample)", region)
            add(organisation, holder, Role.KEY_HOLDER, by=self.supervisor)
            accounts.set_holder_key(actor=holder, passphrase=PASSPHRASE, now=self.now)
            bureau.holders.append(holder)
        self._hand_over(organisation)
        return bureau

    def _hand_over(self, organisation: Organisation) -> None:
        """The supervisor, who registered it, leaves it to its own people: he could not decide its disputes otherwise."""
        left = Membership.objects.get(organisation=organisation, user=self.supervisor, role=Role.ADMIN)
        accounts.end_membership(actor=self.supervisor, membership=left, now=self.now)

    def _villages(self) -> tuple[dict[int, Organisation], dict[int, User]]:
        """A committee for every village of the county, each with one person who speaks for it."""
        committees, voices = {}, {}
        villages = Region.objects.under(COUNTY, Level.VILLAGE).order_by("code")
        for n, village in enumerate(villages):
            surname, pinyin = _SURNAMES[n % len(_SURNAMES)]
            name = village.name.removesuffix("村民委员会").removesuffix("居民委员会")
            kind = "Residents' Committee" if village.name_en.endswith("Community") else "Committee"
            committee = accounts.register_organisation(
                actor=self.supervisor,
                kind=OrganisationKind.VILLAGE,
                name=f"{village.official_name or village.name}",
                name_en=f"{village.name_en} {kind}",
                credit_code=None,
                region=village,
                now=self.now,
            )
            voice = self.person(
                f"village-{village.code}", f"{surname}代表（{name}·示例）", f"{pinyin} (speaks for {village.name_en})",
                village.code, login=n in (0, 60),
            )  # fmt: skip
            self.member(committee, voice, Role.VILLAGE, Role.ADMIN, by=self.supervisor)
            self._hand_over(committee)
            committees[village.code], voices[village.code] = committee, voice
        return committees, voices

    def _firms(self) -> list[Firm]:
        """Four firms and a grassroots office; their lawyers' offices lie in the county town, in townships and in Kaili."""
        wanted = (
            ("苗岭示例律师事务所", "Miaoling Sample Law Firm", COUNTY, 9, False, (522634100000, 522634101000, 522634103000)),
            ("清水江示例律师事务所", "Qingshuijiang Sample Law Firm", COUNTY, 12, True, (522634100000, 522634102000, 522634104000)),
            ("雷公山示例律师事务所", "Leigongshan Sample Law Firm", COUNTY, 14, True, (522634104000, 522634203000, 522634204000)),
            ("凯里范例律师事务所", "Kaili Model Law Firm", KAILI, 5, False, (522601000000,)),
            ("都柳江试例律师事务所", "Duliujiang Trial Law Firm", PREFECTURE, 3, False, (522601000000,)),
        )  # fmt: skip
        firms, n = [], 0
        for number, (name, name_en, seat, size, small, offices) in enumerate(wanted, start=1):
            bidder = self.person(
                f"firm{number}", f"{_SURNAMES[-number][0]}投标（示例）", f"{_SURNAMES[-number][1]} (bid manager)", seat
            )
            firm_region = seat if seat != COUNTY else COUNTY
            # Panel members declare that they are no kin of the heads, and so read their names.
            organisation = self.organisation(
                OrganisationKind.LAW_FIRM, name, name_en, firm_region, by=bidder, prefix="31520000MD", small=small,
                head=f"{_SURNAMES[-number - len(wanted)][0]}主任（示例）",
            )  # fmt: skip
            accounts.verify_organisation(actor=self.supervisor, organisation=organisation, now=self.now)
            firm = Firm(organisation, bidder)
            for k in range(size):
                firm.lawyers.append(self._lawyer(n, organisation, bidder, offices[k % len(offices)], login=k == 0))
                n += 1
            firms.append(firm)
        return firms

    def _lawyer(self, n: int, firm: Organisation, admin: User, office: int, *, login: bool) -> User:
        surname, pinyin = _SURNAMES[n % len(_SURNAMES)]
        mark = "示例" if n < len(_SURNAMES) else "又例"
        lawyer = self.person(
            f"lawyer{n + 1}", f"{surname}{mark}律师", f"{pinyin} (lawyer {n + 1}, sample)", office, login=login
        )
        self.member(firm, lawyer, Role.LAWYER, by=admin)
        self.licensed(lawyer, CredentialKind.LAWYER, f"15226{2008 + n % 14}10{n + 1:06d}", "贵州省司法厅（示例）")
        place = Region.objects.get(code=office)
        spread = self.stage.random.uniform
        longitude, latitude = place.longitude or 108.08, place.latitude or 26.38
        accounts.update_practitioner_profile(
            actor=lawyer,
            region=place,
            longitude=round(longitude + spread(-0.02, 0.02), 4),
            latitude=round(latitude + spread(-0.02, 0.02), 4),
            specialties=[_SPECIALTIES[n % 12], _SPECIALTIES[(n * 5 + 1) % 12]],
            languages=[
                SpokenLanguage.MANDARIN,
                *([SpokenLanguage.HMONG] if n % 3 else [SpokenLanguage.DONG] if n % 2 else []),
            ],
            capacity=5 if n % 4 else 4,
            max_travel_minutes=60 if n % 5 else 45,
            now=self.now,
        )
        return lawyer

    def licensed(self, person: User, kind: str, number: str, issuer: str) -> None:
        """Submitted by the person, reviewed by the supervising authority."""
        submitted = accounts.submit_credential(
            actor=person,
            kind=kind,
            number=number,
            issuer=issuer,
            valid_from=date(self.stage.today.year - 3, 1, 1),
            valid_until=date(self.stage.today.year + 3, 12, 31),
            now=self.now,
        )
        accounts.review_credential(actor=self.supervisor, credential=submitted, verified=True, now=self.now)

    def _experts(self) -> list[User]:
        experts = []
        for n in range(14):
            surname, pinyin = _SURNAMES[(n * 3 + 1) % len(_SURNAMES)]
            expert = self.person(
                f"expert{n + 1}", f"{surname}范例专家", f"{pinyin} (expert {n + 1}, sample)", PREFECTURE
            )
            self.licensed(expert, CredentialKind.EXPERT, f"PSZJ-{n + 1:05d}", "贵州省财政厅（示例）")
            if n % 2 == 0:
                self.licensed(expert, CredentialKind.LAWYER, f"15226200510{900000 + n}", "贵州省司法厅（示例）")
            experts.append(expert)
        return experts

    def _association(self) -> tuple[Organisation, User]:
        coordinator = self.person("coordinator", "江示例", "Jiang Shili (sample)", COUNTY)
        association = self.organisation(
            OrganisationKind.ASSOCIATION, "雷山县法律服务志愿者协会（示例）", "Leishan Legal Volunteers (sample)", COUNTY,
            by=coordinator, prefix="51522634MJ", head="江会长（示例）",
        )  # fmt: skip
        accounts.verify_organisation(actor=self.supervisor, organisation=association, now=self.now)
        self.member(association, coordinator, Role.COORDINATOR, by=coordinator)
        return association, coordinator

    def _volunteers(self) -> list[User]:
        homes: Iterable[Region] = Region.objects.under(COUNTY, Level.TOWNSHIP).order_by("code")
        towns = list(homes)
        volunteers = []
        for n in range(16):
            surname, pinyin = _SURNAMES[(n * 7 + 2) % len(_SURNAMES)]
            volunteers.append(
                self.person(
                    f"volunteer{n + 1}",
                    f"{surname}试例",
                    f"{pinyin} (volunteer {n + 1}, sample)",
                    towns[n % len(towns)].code,
                    login=n < 2,
                )
            )
        return volunteers

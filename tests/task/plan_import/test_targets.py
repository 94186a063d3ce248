"""Which numbers bind, and how they compare: every rule and every exclusion has the text that it is for."""

import pytest

from services.task.plan_import.normalise import normalise
from services.task.plan_import.spans import Span
from services.task.plan_import.targets import EXCLUSIONS, Exclusion, Target, find_targets


def read(text: str) -> list[Target]:
    normal = normalise(text).text
    return list(find_targets(normal, Span(0, len(normal))))


def amounts(text: str) -> list[str]:
    return [
        f"{each.comparator} {f'{each.low}-' if each.low is not None else ''}{each.value.normalize():f} {each.unit}"
        for each in read(text)
    ]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("新增示范企业5家以上", ">= 5 家"),
        ("品牌不少于50个", ">= 50 个"),
        ("占比不低于90%", ">= 90 %"),
        ("覆盖率达到95%", ">= 95 %"),
        ("至少建成3个园区", ">= 3 个"),
        ("海外仓面积超350万平方米", "> 350 万平方米"),
        ("规模突破2万亿元", "> 2 万亿元"),
        ("培训超过3000名", "> 3000 名"),
        ("列养率保持100%", "= 100 %"),
        ("占比提高至75%", "= 75 %"),
        ("建成基地12个", "= 12 个"),
        ("护理员2000名左右", "~ 2000 名"),
        ("新增泊位约600个", "~ 600 个"),
        ("审查周期压缩至4个月以内", "<= 4 个月"),
        ("调整周期不超过五年", "<= 5 年"),
        ("失业率控制在5.5%", "<= 5.5 %"),
        ("新增企业5-10家", "range 5-10 家"),
        ("增长10%—15%", "range 10-15 %"),
        ("遴选学校10至15所", "range 10-15 所"),
        ("进出口额超千亿元", "> 1000 亿元"),
        ("产值突破万亿元", "> 1 万亿元"),
        ("巩固率≥96%", ">= 96 %"),
        ("投资超过3百亿元", "> 300 亿元"),
        ("改造管网15千米", "= 15 千米"),
        ("资金1,200万元", "= 1200 万元"),
        ("配备不少于一名专管员", ">= 1 名"),
        ("办结率达到百分之九十八以上", ">= 98 %"),
        ("服务群众100余万人次", "> 100 万人次"),
        ("投入不低于总额的50%", ">= 50 %"),
        ("营业收入迈上6000亿元台阶", ">= 6000 亿元"),
        ("用户力争达到500万。", ">= 500 万"),
        ("研发人员不少于85人年", ">= 85 人年"),
        ("接入视频2000路", "= 2000 路"),
        ("算力规模达到3000P以上", ">= 3000 P"),
        ("形成3000台（套）产能", "= 3000 台(套)"),
        ("售价降至30元/公斤以下", "<= 30 元/公斤"),
        ("设立规模20亿元的引导基金", "= 20 亿元"),
        ("按病种付费占比达到85%", ">= 85 %"),
        ("新增存栏3000头以上牧场30个", "= 30 个"),
        ("480千瓦以上超充桩不少于300根", ">= 300 根"),
        ("服务半径由1.2公里缩小至0.8公里以内", "<= 0.8 公里"),
        ("用户数从30万户增至50万户", "= 50 万户"),
        ("群众满意度达到90分以上", ">= 90 分"),
        ("人均预期寿命达到80岁", ">= 80 岁"),
        ("平均受教育年限提高到11.3年", "= 11.3 年"),
        ("粮食产量稳定在100亿斤以上", ">= 100 亿斤"),
        ("年均浓度控制在29微克每立方米以下", "<= 29 微克每立方米"),
        ("覆盖率达到90%（含）以上", ">= 90 %"),
        ("提供不少于50万平方米的产业空间", ">= 50 万平方米"),
        ("总产值比上年增长8%", "= 8 %"),
        ("抽检量达到每千人5批次", ">= 5 批次"),
        ("赤字率拟按3.6%以上安排", ">= 3.6 %"),
        ("关停落后机组10万千瓦以上", ">= 10 万千瓦"),
        ("储能产能达到200GWh", ">= 200 GWh"),
        ("贷款平均利率下降20个基点", "= 20 个基点"),
        ("提供岗位30万个次以上", ">= 30 万个次"),
        ("降尘量不得高于8吨/月·平方公里", "<= 8 吨/月·平方公里"),
        ("已建成小区按每百户不少于12平方米调剂用房", ">= 12 平方米"),
        ("按照不低于装机容量的15%配置储能", ">= 15 %"),
    ],
)
def test_an_amount_compares_as_the_document_writes_it(text: str, amount: str) -> None:
    assert amounts(text) == [amount]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("县道和乡道比例分别不低于13%和8%", [">= 13 %", ">= 8 %"]),
        ("基地、园区分别达到100个、20个", [">= 100 个", ">= 20 个"]),
        ("企业数分别达到100和50家", [">= 100 家", ">= 50 家"]),
        ("不得低于县道每公里1万元，乡道每公里5000元", [">= 1 万元", ">= 5000 元"]),
        ("加快2个试点和4个城市建设", ["= 2 个", "= 4 个"]),
        ("普及率分别提高15个、13个百分点以上", [">= 15 个百分点", ">= 13 个百分点"]),
        ("处理率分别达到95%、85%左右", ["~ 95 %", "~ 85 %"]),
        ("三年分别新增10家、20家、30家左右", ["~ 10 家", "~ 20 家", "~ 30 家"]),
        ("普及率分别达到省级40%和市级55%", [">= 40 %", ">= 55 %"]),
        ("每人提供至少1次指导、3次推荐、1次培训", [">= 1 次", ">= 3 次", ">= 1 次"]),
        ("推广新能源车5万、6万、8万辆", ["= 5 万辆", "= 6 万辆", "= 8 万辆"]),
        ("吞吐量分别超过7亿吨和4200万标箱，航线增加到260条", ["> 7 亿吨", "> 4200 万标箱", "= 260 条"]),
    ],
)
def test_several_amounts_share_what_is_printed_once(text: str, expected: list[str]) -> None:
    assert amounts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("年出口额超亿元跨境电商品牌不少于50个", [">= 50 个"]),
        ("培育营业收入超过1000万元的企业15家", ["= 15 家"]),
        ("打造2个产值超100亿元的产业集群", ["= 2 个"]),
        ("由30%提高到50%", ["= 50 %"]),
        ("编制67个（含）以上的事业单位至少安排1名残疾人", [">= 1 名"]),
    ],
)
def test_thresholds_and_baselines_stay_out_beside_the_target(text: str, expected: list[str]) -> None:
    assert amounts(text) == expected


@pytest.mark.parametrize("exclusion", EXCLUSIONS, ids=lambda exclusion: exclusion.name)
def test_an_exclusion_keeps_its_example_out(exclusion: Exclusion) -> None:
    assert read(exclusion.example) == []


@pytest.mark.parametrize(
    "text",
    [
        "共包括23条措施",
        "八大方面",
        "统筹两个市场",
        "国发〔2019〕3号",
        "第12条",
        "2025年3月1日",
        "三级路长",
        "12345热线",
        "5G应用",
        "位于人民路88号",
        "世界500强",
        "4A级景区",
        "三年行动",
        "每25—30公里设站",
        "展位费最高补贴70%",
        "P2P平台",
        "6亩以下（不含6亩）的土地由区政府审查",
        "对职工30人（含）以下的企业实行优惠",
        "对投资2亿元或年纳税5000万元以上的项目给予支持",
        "对日均流量超过30GB的新建基站，省财政给予每个最高5000元补贴",
        "落实国家“十四五”规划102项重大工程",
        "推进18项改革任务",
        "编制50人（含）以上的机关带头落实",
        "实现120米以下空域连续覆盖",
        "35蒸吨及以上锅炉全部改造",
        "更换使用满20年的管道",
        "利率上浮3个百分点以内的，给予贴息",
        "落实下调费率50%的政策",
        "实现城区5公里范围内全覆盖",
        "推广1000兆光纤网络",
        "淘汰每小时35蒸吨以下燃煤锅炉",
        "城区不再新建10万千瓦以下机组",
        "抓好80万吨乙烯改扩建项目",
        "落实规划明确的28项工程",
    ],
)
def test_numbers_that_count_something_else_are_no_targets(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("到2025年，新增企业5家", "2025"),
        ("2020年底前将周期压缩至4个月以内", "2020"),
        ("到2022年，形成格局。占比不低于90%", "2022"),
        ("自2022年起，补助每年不少于5场", None),
        ("2022年以后并网的项目，配置比例不低于10%", None),
        ("2024年新增1万个，2025年新增2万个", "2024"),
    ],
)
def test_the_deadline_is_the_year_that_the_sentence_or_its_paragraph_prints(text: str, deadline: str | None) -> None:
    assert read(text)[0].deadline == deadline


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("力争新增5家", "aspire"),
        ("支持建设3个", "aspire"),
        ("支持参评，到2025年实现新增5家以上", "binding"),
        ("力争品牌不少于50个", "binding"),
        ("新增5家", "binding"),
    ],
)
def test_the_strength_follows_the_wording(text: str, strength: str) -> None:
    assert read(text)[0].strength == strength
